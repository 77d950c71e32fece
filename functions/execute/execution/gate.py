"""The gate: the one way to an entry (FAILURES A18).

The checks are asked in order, from cheap to dear, and the first denial wins: what the signal alone decides, what
the ledger's record of the account decides, what the broker has to be asked for, what needs the plan. Each fact is
asked for when its first check needs it. A signal against an own position is an exit: it passes `EXIT_CHECKS` and
nothing else, for nothing there limits new risk (A20).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from argo.domain.account import AccountState
from argo.domain.profile import Profile
from argo.domain.reasons import Denial
from argo.domain.signal import Signal
from execution import checks
from execution.planning import Plan
from execution.view import AccountView

type SignalCheck = Callable[[Signal, Profile], Denial | None]
type LedgerCheck = Callable[[Signal, Profile, AccountState, datetime], Denial | None]
type AccountCheck = Callable[[Signal, Profile, AccountView], Denial | None]
type PlanCheck = Callable[[Plan, Profile, AccountView], Denial | None]

SIGNAL_CHECKS: Sequence[SignalCheck] = (
    checks.confident_enough,
    checks.symbol_allowed,
    checks.regime_allowed,
    checks.crypto_long_only,
)
"""What the signal and the profile alone decide, in order."""

LEDGER_CHECKS: Sequence[LedgerCheck] = (
    checks.trading_active,
    checks.symbol_free,
    checks.not_locked,
    checks.within_order_rate,
)
"""What the ledger's record of the account decides, in order."""

ACCOUNT_CHECKS: Sequence[AccountCheck] = (
    checks.account_open,
    checks.market_open,
    checks.short_allowed,
    checks.not_positioned,
    checks.within_position_limit,
    checks.within_correlation_limit,
    checks.within_loss_limits,
    checks.price_still_there,
)
"""What the broker has to be asked for, in order."""

PLAN_CHECKS: Sequence[PlanCheck] = (checks.within_exposure,)
"""What needs the size."""

EXIT_CHECKS: Sequence[AccountCheck] = (checks.account_open, checks.market_open)
"""What even an exit needs: somebody who takes the order."""


class Facts(Protocol):
    """What the gate may ask for; each answer is dearer than the one before."""

    async def ledger(self) -> AccountState:
        """Return the ledger's record of the account.

        Raises:
            ReservationConflict: it kept changing while it was read.
        """
        ...

    async def account(self) -> AccountView:
        """Return the account with what the broker says.

        Raises:
            BrokerFault: the broker did not tell, which means no new risk (FAILURES A19).
            ReservationConflict: as `ledger`.
        """
        ...

    def plan(self, account: AccountView) -> Plan | Denial:
        """Plan and size the entry."""
        ...

    def now(self) -> datetime:
        """Return the time."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What has passed the gate, and the record of the account that it was decided on."""

    plan: Plan
    state: AccountState


async def decide(
    signal: Signal,
    profile: Profile,
    facts: Facts,
    *,
    flips: str | None = None,
    ledger_checks: Sequence[LedgerCheck] = LEDGER_CHECKS,
) -> Entry | Denial:
    """Ask every check, and return the first denial or what may be entered.

    Args:
        signal: Who wants to enter.
        profile: The account's rules.
        facts: What the checks may ask for.
        flips: The signal whose position this one has just closed: the end of that trade locks nothing here.
        ledger_checks: What the ledger's record of the account decides, in order.

    Raises:
        BrokerFault, ReservationConflict: as `Facts`.
    """
    if denial := signal_denial(signal, profile):
        return denial

    def with_ledger(state: AccountState) -> Denial | None:
        return ledger_denial(signal, profile, _without_trade(state, flips), facts.now(), ledger_checks)

    state = await facts.ledger()
    if denial := with_ledger(state):
        return denial
    account = await facts.account()
    # A sibling's outcome may have let the record be read again meanwhile: what is reserved goes by the later one.
    if account.state is not state and (denial := with_ledger(account.state)):
        return denial
    if denial := account_denial(signal, profile, account):
        return denial
    plan = facts.plan(account)
    if isinstance(plan, Denial):
        return plan
    refused = next((denial for check in PLAN_CHECKS if (denial := check(plan, profile, account))), None)
    return refused or Entry(plan, account.state)


def signal_denial(signal: Signal, profile: Profile) -> Denial | None:
    """Return the first denial that needs no account."""
    return next((denial for check in SIGNAL_CHECKS if (denial := check(signal, profile))), None)


def ledger_denial(
    signal: Signal,
    profile: Profile,
    state: AccountState,
    now: datetime,
    ledger_checks: Sequence[LedgerCheck] = LEDGER_CHECKS,
) -> Denial | None:
    """Return the first denial that needs no broker."""
    return next((denial for check in ledger_checks if (denial := check(signal, profile, state, now))), None)


def account_denial(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Return the first denial that needs the broker's view."""
    return next((denial for check in ACCOUNT_CHECKS if (denial := check(signal, profile, account))), None)


def exit_denial(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Return why an exit cannot be ordered now."""
    return next((denial for check in EXIT_CHECKS if (denial := check(signal, profile, account))), None)


def _without_trade(state: AccountState, signal_id: str | None) -> AccountState:
    if signal_id is None:
        return state
    others = tuple(trade for trade in state.exits if trade.signal_id != signal_id)
    return state.model_copy(update={"exits": others})
