"""What `plan_repair` decides, in the order in which it looks; a row each."""

from argo.domain.policy import Policy
from reconciliation.repair import ATTEMPTS, PATIENCE, Adopt, Cancel, Close, Guard, Report, Tighten

REPAIRS = (
    Policy(
        "the entry is open, and its signal has expired",
        "signals are perishable: nothing new may fill",
        "the entry is cancelled; what has filled of it is a position",
        Cancel,
    ),
    Policy(
        f"the entry has been filled in part for {PATIENCE.total_seconds():.0f} s",
        "a bracket's exits work only once all of it has filled",
        "the rest of the entry is cancelled",
        Cancel,
    ),
    Policy(
        "more was sold than had been bought, and the position shows it",
        "two exits have filled",
        "what was sold too much is bought back at the market",
        Close,
    ),
    Policy(
        "more was sold than had been bought, and the position does not show it",
        "somebody else has bought it back",
        "that order is taken over; where there is none, a person is told",
        Adopt,
    ),
    Policy(
        "nothing is held any more, but orders of it are live",
        "they would open a position",
        "they are cancelled",
        Cancel,
    ),
    Policy(
        "what is held is no position at the broker, and its views have had their time",
        "an order that is not Argo's has closed it",
        "that order is taken over; where there is none, a person is told",
        Adopt,
    ),
    Policy("it was held for the profile's number of bars", "its time is up", "it is closed at the market", Close),
    Policy(
        "the exchange closes within the profile's minutes",
        "the profile holds nothing overnight",
        "it is closed at the market; a coin is kept",
        Close,
    ),
    Policy(
        "the price is at the target, and no order carries the target",
        "the broker takes no pair of exits for coins and fractions",
        "it is closed at the market",
        Close,
    ),
    Policy(
        "live stops close all that is held, but the market is past the limit of one",
        "the stop sells no more: coins take none without a limit",
        "it is closed at the market",
        Close,
    ),
    Policy(
        "live stops close all that is held, and the profit is what the profile's rules ask for",
        "more of it can be kept",
        "the stop is moved closer, never away",
        Tighten,
    ),
    Policy(
        "orders are live that do not close all that is held",
        "the broker would refuse a second order for it",
        "they are cancelled, and what is held is guarded anew",
        Cancel,
    ),
    Policy(
        "no stop is live, and the market is past its price",
        "it would sell at once, or be refused",
        "it is closed at the market",
        Close,
    ),
    Policy(
        f"the broker has refused a protection {ATTEMPTS} times; the profile says `flatten`",
        "it will not be guarded",
        "it is closed at the market",
        Close,
    ),
    Policy(
        f"the broker has refused a protection {ATTEMPTS} times; the profile says `warn`",
        "it will not be guarded",
        "a person is told",
        Report,
    ),
    Policy(
        "no order is live",
        "the position is unprotected",
        "an OCO for what is held, or a stop for a coin or a fraction; a second attempt at corrected prices",
        Guard,
    ),
)
