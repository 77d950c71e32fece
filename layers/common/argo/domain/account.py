"""The account: what the broker says of it, and what the ledger keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from argo.domain.lists import Unreadable
from argo.domain.signal import Side
from argo.domain.symbols import canonical_or_raw
from argo.domain.values import Frozen, Part, UtcTime


class TradingState(StrEnum):
    """What an account may do; durable, set by an operator, a breach or refused credentials."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


LONGEST_REASON = 2_000
"""Bytes of the words that an account's state is kept with."""


class BrokerAccount(Frozen):
    """The broker's view of an account; amounts in USD.

    Fields that Alpaca leaves out are None, which is not zero.
    """

    status: str
    number: str | None = None
    trading_blocked: bool
    account_blocked: bool
    trade_suspended_by_user: bool
    shorting_enabled: bool
    equity: Decimal
    last_equity: Decimal | None = None
    cash: Decimal
    buying_power: Decimal
    non_marginable_buying_power: Decimal | None = None

    @property
    def is_blocked(self) -> bool:
        """True when the broker takes no orders for the account."""
        return (
            self.status != "ACTIVE" or self.trading_blocked or self.account_blocked or self.trade_suspended_by_user
        )


VIEWS_LAG = timedelta(seconds=10)
"""How long the broker's orders and positions can disagree (ALPACA, orders)."""


class Position(Frozen):
    """An open position; ``quantity`` is negative when short, prices and value in USD.

    ``symbol`` is canonical where it is one that Argo trades, else as the broker writes it (an option's, say).
    """

    symbol: Annotated[str, AfterValidator(canonical_or_raw)]
    quantity: Decimal
    average_entry_price: Decimal
    market_value: Decimal | None = None


class MarketClock(Frozen):
    """The exchange's clock."""

    now: UtcTime
    is_open: bool
    next_open: UtcTime
    next_close: UtcTime

    @property
    def trading_day(self) -> date:
        """The day of the running session, or of the next one once it has closed (FAILURES A25).

        Both openings and closings in New York fall on the same date in UTC.
        """
        return (self.next_close if self.is_open else self.next_open).date()


class Asset(Part):
    """What the broker says of a symbol."""

    tradable: bool
    shortable: bool
    fractionable: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """The ledger's lock of a symbol: the execution that holds it and what its entry may bind, in USD."""

    signal_id: str
    side: Side
    notional: Decimal
    risk: Decimal
    since: datetime


@dataclass(frozen=True, slots=True)
class TradeExit:
    """A trade that has ended: which of its legs closed it, and its realised profit in USD."""

    signal_id: str
    symbol: str
    leg: str
    profit: Decimal
    at: datetime


class AccountState(Frozen):
    """The ledger's item of an account: its trading state, its reservations, its equity's marks.

    ``holdings`` are its symbol locks, ``exits`` the trades that ended lately, newest last. ``version`` counts
    the writes that a reservation must know of; every reservation names the version it read. Amounts in USD.
    ``resumes_on`` is the trading day on which a halt ends by itself. ``unreadable`` are parts of it that this code
    cannot read: what they hold is not in the other fields, so nothing new may be risked on them.
    """

    executor: str
    trading_state: TradingState = TradingState.ACTIVE
    state_reason: str | None = None
    state_since: UtcTime | None = None
    resumes_on: date | None = None
    reserved_notional: Decimal = Decimal(0)
    reserved_risk: Decimal = Decimal(0)
    rate_minute: UtcTime | None = None
    rate_orders: int = 0
    trading_day: date | None = None
    day_start_equity: Decimal | None = None
    starting_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    equity: Decimal | None = None
    observed_at: UtcTime | None = None
    marks_version: int = 0
    version: int = 0
    holdings: Mapping[str, Holding] = {}
    exits: tuple[TradeExit, ...] = ()
    unreadable: Annotated[tuple[Unreadable, ...], Field(exclude=True)] = ()

    def orders_in_minute(self, now: datetime) -> int:
        return self.rate_orders if self.rate_minute == minute_of(now) else 0


def minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
