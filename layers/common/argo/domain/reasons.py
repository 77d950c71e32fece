"""Why a signal did not become an order: every reason is typed, with its meaning beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A code with a one-line meaning; the tables in docs/ are written from these."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "Reason":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class DenialReason(Reason):
    """The gate's and the sizing's answers: a denial is a normal outcome, not an error (FAILURES A05)."""

    HALTED = "halted", "The account is halted: nothing new until an operator resumes it"
    REDUCING_ONLY = "reducing_only", "The account is reducing: only exits pass"
    ACCOUNT_BLOCKED = "account_blocked", "The broker blocks the account or its trading"
    MARKET_CLOSED = "market_closed", "The exchange is closed and the order would wait for the next session"
    CONFIDENCE_BELOW_MINIMUM = (
        "confidence_below_minimum",
        "The signal's confidence is below the profile's minimum",
    )
    SYMBOL_NOT_ALLOWED = "symbol_not_allowed", "The symbol is not on the profile's list"
    REGIME_EXCLUDED = "regime_excluded", "The profile does not trade in the signal's regime"
    CRYPTO_SHORT = "crypto_short", "Crypto cannot be sold short"
    NOT_SHORTABLE = "not_shortable", "The asset or the account cannot be sold short"
    ALREADY_POSITIONED = "already_positioned", "Another execution holds the symbol"
    POSITION_LIMIT = "position_limit", "The profile's number of open positions is reached"
    CORRELATION_LIMIT = (
        "correlation_limit",
        "The profile's number of positions in one correlated group is reached",
    )
    DAILY_LOSS_LIMIT = "daily_loss_limit", "The day's loss is at the profile's limit"
    DRAWDOWN_LIMIT = "drawdown_limit", "The fall from the equity's peak is at the profile's limit"
    EXPOSURE_LIMIT = "exposure_limit", "The order would exceed the profile's total exposure"
    COOLDOWN = "cooldown", "The symbol rests after its last trade"
    STOP_LOSS_GUARD = "stop_loss_guard", "Too many stop losses lately"
    PRICE_DRIFTED = "price_drifted", "The market has moved too far from the signal's entry price"
    ORDER_RATE_LIMIT = "order_rate_limit", "The profile's number of orders per minute is reached"
    INSUFFICIENT_BUYING_POWER = "insufficient_buying_power", "No unreserved buying power is left"
    SIZE_BELOW_MINIMUM = "size_below_minimum", "The size rounds down to nothing"
    NOTHING_HELD = "nothing_held", "The opposite position had ended before this signal could close it"
    INVALID_PRICES = "invalid_prices", "Entry, stop and target are not in order once rounded to ticks"


@dataclass(frozen=True, slots=True)
class Denial:
    """A reason with the numbers that were compared, as text for the record."""

    reason: DenialReason
    numbers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reason: DenialReason, **numbers: object) -> Self:
        """Return a denial with what was compared written as text."""
        return cls(reason, {name: str(number) for name, number in numbers.items()})


class Obstacle(Reason):
    """What stood in the way of an order at the last attempt; an expired signal carries it as its reason."""

    NONE = "expired_before_delivery", "The signal was already too old when it was delivered"
    BROKER_UNREACHABLE = "broker_unreachable", "The broker gave no usable answer"
    BROKER_THROTTLED = "broker_throttled", "The broker's rate limit was reached"
    BROKER_UNAUTHORISED = "broker_unauthorised", "The broker refused the credentials"
    OUTCOME_UNKNOWN = "outcome_unknown", "An order was sent and its fate could not be looked up"
    RESERVATION_CONTENDED = "reservation_contended", "Other signals kept changing the account's reservations"
    AWAITING_EXIT = "awaiting_exit", "The opposite position was not closed yet"
    AWS_UNAVAILABLE = "aws_unavailable", "AWS throttled, was in conflict with itself or gave no answer"
    NO_TIME_LEFT = "no_time_left", "The function's time would not have lasted for the broker's next answer"
    NEVER_DELIVERED = (
        "never_delivered",
        "Its message was in the account's queue and disappeared: no executor had received it when it expired",
    )
    RECORD_UNREADABLE = "record_unreadable", "A record of the account is of a version that this code does not know"
    WORKER_LOST = "worker_lost", "The worker that had claimed the signal ended without an outcome"


class Withdrawal(Reason):
    """Why a signal left the outbox without a message: it expired there."""

    NEVER_SENT = "never_sent", "Its message could not be put into the account's queue before it expired"
    NOT_SERVED = "account_not_served", "The account is not one that signals are sent to any more"


class QuarantineReason(Reason):
    """Why a message went to the dead-letter queue at once: no retry can mend it."""

    MALFORMED = "malformed", "The body is not a signal: not JSON, or a field is missing or wrong"
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version", "The body's schema version is not one this code knows"


class RejectionReason(Reason):
    """The broker's final refusals, sorted by what a person would do about them."""

    VALIDATION = "validation", "The broker finds the order itself wrong"
    BRACKET_GEOMETRY = "bracket_geometry", "Stop or target are on the wrong side of the broker's base price"
    BUYING_POWER = "buying_power", "The broker sees too little buying power"
    QUANTITY_HELD = "quantity_held", "The shares are held by other orders"
    WASH_TRADE = "wash_trade", "An opposite order of the account is open"
    NOT_TRADABLE = (
        "not_tradable",
        "The asset cannot be traded this way: not shortable, not fractionable, not active",
    )
    OTHER = "other", "A refusal this code does not know; code and message are on the record"
