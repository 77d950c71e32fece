"""The checks of the gate in their order, from cheap to dear; `execution.intending` asks them.

A signal against an own position is an exit: it passes `EXIT_CHECKS` and nothing else, for nothing there limits new
risk (FAILURES A20).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from argo.domain.account import AccountState
from argo.domain.profile import Profile
from argo.domain.reasons import Denial
from argo.domain.signal import Signal
from execution import checks, ledger_checks
from execution.view import AccountView

type SignalCheck = Callable[[Signal, Profile], Denial | None]
type LedgerCheck = Callable[[Signal, Profile, AccountState, datetime], Denial | None]
type AccountCheck = Callable[[Signal, Profile, AccountView], Denial | None]

SIGNAL_CHECKS: Sequence[SignalCheck] = (
    checks.confident_enough,
    checks.symbol_allowed,
    checks.regime_allowed,
    checks.crypto_long_only,
)
"""What the signal and the profile alone decide."""

LEDGER_CHECKS: Sequence[LedgerCheck] = (
    ledger_checks.trading_active,
    ledger_checks.symbol_free,
    ledger_checks.cooldown,
    ledger_checks.stop_loss_guard,
    ledger_checks.drawdown_guard,
    ledger_checks.within_order_rate,
)
"""What the ledger's record of the account decides."""

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
"""What the broker has to be asked for."""

EXIT_CHECKS: Sequence[AccountCheck] = (checks.account_open, checks.market_open)
"""What even an exit needs: somebody who takes the order."""


def first_denial[*Facts](asked: Iterable[Callable[[*Facts], Denial | None]], *facts: *Facts) -> Denial | None:
    """Ask checks of one list for the facts, and return the first denial."""
    return next((denial for check in asked if (denial := check(*facts))), None)
