"""Loss limits as arithmetic: what is used, what room is left, where the equity is measured from.

Prop firms' rules in pure form: a daily loss limit from the day's start, a drawdown limit from a peak that trails
the equity or from the equity an account began with. Amounts in USD, limits in percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from argo.domain.account import AccountState, BrokerAccount, MarketClock
from argo.domain.profile import DrawdownBasis, Profile

_WARNING = Decimal("0.7")
_CRITICAL = Decimal("0.9")


class Level(StrEnum):
    """How near a limit is: 70 % of it is a warning, 90 % critical, all of it a breach (ORIGIN, limits)."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit and how much of it is used, both in the same unit."""

    name: str
    used: Decimal
    limit: Decimal

    @property
    def room(self) -> Decimal:
        """What is left, never negative."""
        return max(self.limit - self.used, Decimal(0))

    @property
    def level(self) -> Level:
        share = self.used / self.limit
        if share >= 1:
            return Level.BREACH
        if share >= _CRITICAL:
            return Level.CRITICAL
        return Level.WARNING if share >= _WARNING else Level.OK


DAILY_LOSS = "daily_loss"
DRAWDOWN = "drawdown"


@dataclass(frozen=True, slots=True)
class EquityMarks:
    """What losses are measured from."""

    trading_day: date
    equity: Decimal
    day_start: Decimal
    start: Decimal
    peak: Decimal


def marks(state: AccountState, broker: BrokerAccount, clock: MarketClock) -> EquityMarks:
    """Bring an account's marks up to what the broker says now.

    On a new trading day the day's start is the last close's equity while the exchange is open, which holds the
    gap overnight, and the present one before the opening, when the broker's ``last_equity`` may still be the
    day before's.
    """
    day, equity = clock.trading_day, broker.equity
    if state.trading_day == day and state.day_start_equity is not None:
        day_start = state.day_start_equity
    else:
        day_start = (broker.last_equity if clock.is_open else None) or equity
    # An account nobody has looked at yet has its day for its start; one that is measured anew has this moment.
    begun = day_start if state.trading_day is None else equity
    return EquityMarks(
        trading_day=day,
        equity=equity,
        day_start=day_start,
        start=state.starting_equity or begun,
        peak=max(state.peak_equity or begun, equity),
    )


def loss_limits(profile: Profile, known: EquityMarks) -> Sequence[Limit]:
    """Return the loss limits that a profile has, in USD."""
    found = []
    if profile.daily_loss_limit_percent is not None:
        found.append(_loss(DAILY_LOSS, known.day_start, known.equity, profile.daily_loss_limit_percent))
    if profile.drawdown_limit_percent is not None:
        measured_from = known.peak if profile.drawdown_basis is DrawdownBasis.TRAILING else known.start
        found.append(_loss(DRAWDOWN, measured_from, known.equity, profile.drawdown_limit_percent))
    return found


def breached(limits: Sequence[Limit]) -> Limit | None:
    """Return the first limit that is used up."""
    return next((limit for limit in limits if limit.level is Level.BREACH), None)


def _loss(name: str, measured_from: Decimal, equity: Decimal, percent: Decimal) -> Limit:
    """Measure a loss in USD; an account without equity has used up every limit."""
    if measured_from <= 0:
        return Limit(name, used=Decimal(1), limit=Decimal(1))
    return Limit(name, used=max(measured_from - equity, Decimal(0)), limit=measured_from * percent / 100)
