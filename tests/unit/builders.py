"""Valid objects with one thing changed: what a test does not name is as on an ordinary trading morning."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from argo.adapters.alpaca.outcome import Answer
from argo.domain.account import AccountState, Asset, BrokerAccount, Holding, MarketClock, Position, TradeExit
from argo.domain.execution import Execution, claimed
from argo.domain.kept_in_detail import KEPT_IN_DETAIL
from argo.domain.orders import BrokerOrder, EntryPlan, OrderStatus, TimeInForce
from argo.domain.profile import Profile
from argo.domain.signal import Regime, Side, Signal, Timeframe, signal_id
from argo.domain.symbols import Symbol
from execution.sizing import SizingInput
from execution.view import AccountView

BAR_TIME = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NOW = BAR_TIME + timedelta(seconds=65)
LATER = NOW + timedelta(hours=17)


def a_signal(**overrides: object) -> Signal:
    """Build a signal; a sell's stop and target are the buy's, turned round, and the id is derived."""
    stop, target = ("95", "110") if overrides.get("side", Side.BUY) == Side.BUY else ("105", "90")
    fields: dict[str, object] = {
        "symbol": Symbol("AAPL"),
        "side": Side.BUY,
        "confidence": Decimal(80),
        "entry_price": Decimal(100),
        "stop_price": Decimal(stop),
        "target_price": Decimal(target),
        "volatility": Decimal("0.02"),
        "strategy": "consensus",
        "strategy_version": "1",
        "timeframe": Timeframe.MINUTE,
        "bar_time": BAR_TIME,
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
        "regime": Regime.BULL,
    } | overrides
    fact = ("strategy", "strategy_version", "symbol", "side", "timeframe", "bar_time")
    return Signal(**{"signal_id": signal_id(**{name: fields[name] for name in fact})} | fields)


def a_message(**changes: object) -> str:
    """Return a valid signal's JSON with fields changed; ``...`` leaves a field out."""
    fields = json.loads(a_signal().model_dump_json()) | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def a_vote(**overrides: object) -> dict[str, object]:
    return {"source": "trend", "side": "buy", "confidence": 80, "weight": "1"} | overrides


def a_profile(**overrides: object) -> Profile:
    fields = {"minimum_confidence": 75, "base_size_percent": 10, "size_cap_percent": 15}
    return Profile(**fields | overrides)


def a_broker_account(**overrides: object) -> BrokerAccount:
    fields = {
        "status": "ACTIVE",
        "trading_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": True,
        "equity": Decimal(100_000),
        "cash": Decimal(100_000),
        "buying_power": Decimal(100_000),
    }
    return BrokerAccount(**fields | overrides)


def an_account_state(**overrides: object) -> AccountState:
    return AccountState(**{"executor": "argo"} | overrides)


def a_holding(**overrides: object) -> Holding:
    """Build the lock of another signal's symbol, a minute old."""
    fields = {
        "signal_id": "0123456789abcdef01234567",
        "side": Side.BUY,
        "notional": Decimal(1000),
        "risk": Decimal(50),
        "since": NOW - timedelta(minutes=1),
    }
    return Holding(**fields | overrides)


def a_position(**overrides: object) -> Position:
    fields = {
        "symbol": "MSFT",
        "quantity": Decimal(10),
        "average_entry_price": Decimal(100),
    }
    return Position(**fields | overrides)


def a_trade_exit(**overrides: object) -> TradeExit:
    """Build a trade in AAPL that its stop ended a minute ago."""
    fields = {
        "signal_id": "0123456789abcdef01234567",
        "symbol": Symbol("AAPL"),
        "leg": "stop_loss",
        "profit": Decimal(-50),
        "at": NOW - timedelta(minutes=1),
    }
    return TradeExit(**fields | overrides)


AN_ASSET = Asset(tradable=True, shortable=True, fractionable=True)


class EveryAsset(Mapping[Symbol, Asset]):
    """A broker's list in which every symbol can be traded, sold short and parted."""

    def __getitem__(self, symbol: Symbol) -> Asset:
        return AN_ASSET

    def __iter__(self) -> Iterator[Symbol]:
        return iter(())

    def __len__(self) -> int:
        return 0


def a_market_clock(**overrides: object) -> MarketClock:
    fields = {"now": NOW, "is_open": True, "next_open": LATER, "next_close": NOW + timedelta(hours=5)}
    return MarketClock(**fields | overrides)


def an_account_view(
    *,
    state: Mapping[str, object] = {},
    broker: Mapping[str, object] = {},
    clock: Mapping[str, object] = {},
    **seen: object,
) -> AccountView:
    """Build the view of an account; every symbol that a test asks for can be sold short."""
    return AccountView(
        read_at=NOW,
        state=an_account_state(**state),
        broker=a_broker_account(**broker),
        clock=a_market_clock(**clock),
        **{"assets": EveryAsset()} | seen,
    )


def a_sizing_input(**overrides: object) -> SizingInput:
    fields = {
        "confidence": Decimal(75),
        "volatility": Decimal("0.02"),
        "unit_cost": Decimal(100),
        "unit_risk": Decimal(5),
        "equity": Decimal(100_000),
        "buying_power": Decimal(100_000),
        "unreserved_buying_power": Decimal(100_000),
    }
    return SizingInput(**fields | overrides)


def an_entry_plan(**overrides: object) -> EntryPlan:
    fields = {
        "client_order_id": "argo-argo-0123456789abcdef01234567-entry",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(12),
        "limit_price": Decimal("100.25"),
        "stop_price": Decimal("95.00"),
        "target_price": Decimal("110.00"),
        "time_in_force": TimeInForce.GTC,
    }
    return EntryPlan(**fields | overrides)


def a_broker_order(**overrides: object) -> BrokerOrder:
    """Build the broker's view of `an_entry_plan`."""
    fields = {
        "order_id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
        "client_order_id": "argo-argo-0123456789abcdef01234567-entry",
        "symbol": "AAPL",
        "side": "buy",
        "status": OrderStatus.ACCEPTED,
        "order_class": "bracket",
        "quantity": Decimal(12),
        "limit_price": Decimal("100.25"),
    }
    return BrokerOrder(**fields | overrides)


def an_execution(**overrides: object) -> Execution:
    fresh = claimed(
        a_signal(), executor="argo", mode="simulated", now=NOW, lease_until=NOW + timedelta(seconds=90)
    )
    if not {"detail", "order_body"} & overrides.keys():
        return fresh.model_copy(update=overrides)
    known = {name: value for name, value in dict(fresh).items() if name not in KEPT_IN_DETAIL}
    return Execution(**known | overrides)


def an_answer(status: int, body: object = None, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
