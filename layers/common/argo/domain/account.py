"""The account: what the broker says of it, and what the ledger keeps of it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from argo.domain.symbols import canonical_or_raw
from argo.domain.values import UtcTime


class TradingState(StrEnum):
    """What an account may do; durable, set by an operator, a breach or refused credentials."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class BrokerAccount(BaseModel):
    """The broker's view of an account; amounts in USD.

    Fields that Alpaca leaves out are None, which is not zero.
    """

    model_config = ConfigDict(frozen=True)

    status: str
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


class Position(BaseModel):
    """An open position; ``quantity`` is negative when short, prices and value in USD.

    ``symbol`` is canonical where it is one that Argo trades, else as the broker writes it (an option's, say).
    """

    model_config = ConfigDict(frozen=True)

    symbol: Annotated[str, AfterValidator(canonical_or_raw)]
    quantity: Decimal
    available_quantity: Decimal
    average_entry_price: Decimal
    market_value: Decimal | None = None


class MarketClock(BaseModel):
    """The exchange's clock."""

    model_config = ConfigDict(frozen=True)

    now: UtcTime
    is_open: bool
    next_open: UtcTime
    next_close: UtcTime


class AccountState(BaseModel):
    """The ledger's item of an account: its trading state and what its open executions have reserved.

    ``version`` counts the writes; every change names the version it read.
    """

    model_config = ConfigDict(frozen=True)

    executor: str
    trading_state: TradingState = TradingState.ACTIVE
    state_reason: str | None = None
    state_since: UtcTime | None = None
    reserved_notional: Decimal = Decimal(0)
    reserved_risk: Decimal = Decimal(0)
    day_start_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    version: int = 0
