"""Alpaca's raw JSON as domain models: unknown fields and values never raise (reference: Order, Account).

After a 2xx the order lives whatever else the answer says, so nothing here is stricter than Argo needs.
"""

from collections.abc import Mapping
from datetime import MAXYEAR, UTC, datetime
from decimal import Context, Decimal, InvalidOperation, Overflow
from math import nan
from typing import Any

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.market import Bar
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.values import UtcTime, shown

_LEDGERS = Context(prec=38, Emax=18, traps=[InvalidOperation, Overflow])
"""Numbers that the ledger can hold (DynamoDB, data types: 38 digits) and that their products stay within."""


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a bar without a time stands."""


def order(raw: Mapping[str, Any]) -> BrokerOrder:
    """Read an order with its legs; only ``id`` must be there.

    Raises:
        KeyError: the object has no ``id``, so it is not an order.
    """
    return BrokerOrder(
        order_id=_id(raw["id"]),
        client_order_id=str(raw.get("client_order_id") or ""),
        symbol=str(raw.get("symbol") or ""),
        side=str(raw.get("side") or ""),
        status=OrderStatus(str(raw.get("status") or "")),
        order_class=str(raw.get("order_class") or "simple"),
        quantity=_decimal(raw.get("qty")),
        filled_quantity=_decimal(raw.get("filled_qty")) or Decimal(0),
        filled_average_price=_decimal(raw.get("filled_avg_price")),
        limit_price=_decimal(raw.get("limit_price")),
        stop_price=_decimal(raw.get("stop_price")),
        submitted_at=_time(raw.get("submitted_at")),
        filled_at=_time(raw.get("filled_at")),
        replaced_by=str(raw.get("replaced_by") or "") or None,
        legs=tuple(order({**leg, "legs": None}) for leg in _objects(raw.get("legs")) if _is_id(leg.get("id"))),
    )


def orders(raw: object) -> list[BrokerOrder]:
    return [order(each) for each in _listed(raw, "orders")]


def asset(raw: Mapping[str, Any]) -> Asset:
    """Read an asset; what the broker does not affirm is not so."""
    return Asset(
        tradable=raw.get("tradable") is True,
        shortable=raw.get("shortable") is True,
        fractionable=raw.get("fractionable") is True,
    )


def account(raw: Mapping[str, Any]) -> BrokerAccount:
    """Read the account; a blocking flag that is not false counts as blocking, a missing amount is None.

    Raises:
        KeyError, TypeError, ArithmeticError: equity, cash or buying power is missing or not a number.
    """
    return BrokerAccount(
        status=str(raw.get("status") or "UNKNOWN"),
        number=str(raw["account_number"]) if raw.get("account_number") else None,
        trading_blocked=raw.get("trading_blocked") is not False,
        account_blocked=raw.get("account_blocked") is not False,
        trade_suspended_by_user=bool(raw.get("trade_suspended_by_user", False)),
        shorting_enabled=raw.get("shorting_enabled") is True,
        equity=_number(raw["equity"]),
        last_equity=_decimal(raw.get("last_equity")),
        cash=_number(raw["cash"]),
        buying_power=_number(raw["buying_power"]),
        non_marginable_buying_power=_decimal(raw.get("non_marginable_buying_power")),
    )


def position(raw: Mapping[str, Any]) -> Position:
    """Read a position; a short one has a negative quantity."""
    return Position(
        symbol=str(raw["symbol"]),
        quantity=_number(raw["qty"]),
        average_entry_price=_number(raw["avg_entry_price"]),
        market_value=_decimal(raw.get("market_value")),
    )


def positions(raw: object) -> list[Position]:
    return [position(each) for each in _listed(raw, "positions")]


def clock(raw: Mapping[str, Any]) -> MarketClock:
    return MarketClock(
        now=datetime.fromisoformat(raw["timestamp"]),
        is_open=raw["is_open"] is True,
        next_open=datetime.fromisoformat(raw["next_open"]),
        next_close=datetime.fromisoformat(raw["next_close"]),
    )


def bar(raw: Mapping[str, Any]) -> Bar:
    """Read one bar; a number that is none is NaN, and all are where the bar has no time.

    What is wrong with one bar must keep no other from whoever asked (FAILURES C18).
    """
    fields = raw if isinstance(raw, dict) else {}
    if (time := _time(fields.get("t"))) is None:
        return Bar(_NEVER, *[nan] * 5)
    return Bar(time, *(_float(fields.get(name)) for name in "ohlcv"))


def bars_page(raw: Mapping[str, Any]) -> tuple[dict[str, list[Bar]], str | None]:
    """Read one page of bars by symbol, and the token of the next page.

    Raises:
        KeyError: there is no ``bars``; null is a page without any.
    """
    found = {
        # What is no list is one bar of which nothing can be read.
        str(symbol): [bar(each) for each in (bars if isinstance(bars, list) else [bars])]
        for symbol, bars in (raw["bars"] or {}).items()
        if bars is not None
    }
    token = raw.get("next_page_token")
    return found, str(token) if token else None


def latest_prices(raw: Mapping[str, Any]) -> dict[str, Decimal]:
    """Read the last trade of each symbol; one without a usable price is absent."""
    trades = raw["trades"] or {}
    prices = {str(symbol): _decimal(trade.get("p")) for symbol, trade in trades.items() if isinstance(trade, dict)}
    return {symbol: price for symbol, price in prices.items() if price is not None and price > 0}


def _listed(raw: object, what: str) -> list[Any]:
    """Raise a `TypeError` for what is no list, which is not the same as an empty one."""
    if not isinstance(raw, list):
        raise TypeError(f"{what} are a {type(raw).__name__}")
    return raw


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return nan


def _decimal(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        number = _LEDGERS.create_decimal(str(value))
    except (InvalidOperation, Overflow):
        return None
    return number if number.is_finite() else None


def _number(value: object) -> Decimal:
    number = _decimal(value)
    if number is None:
        raise ValueError(f"not a number: {shown(value)}")
    return number


def _id(value: object) -> str:
    if not _is_id(value):
        raise KeyError("id")
    return str(value)


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and bool(value)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _time(value: object) -> UtcTime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        # Of the last year there is, is no order: what is added to a time has to be one.
        return time.astimezone(UTC) if time.tzinfo and time.year < MAXYEAR else None
    except (ValueError, OverflowError):
        return None
