"""Show orders, accounts and the rest as Alpaca's JSON: numbers as strings, times in RFC 3339."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from simulation.broker.account import Account, Position, Valuation
from simulation.broker.assets import Asset
from simulation.broker.market import Market
from simulation.broker.money import nine_places, text
from simulation.broker.orders import Order
from simulation.broker.terms import OrderClass, OrderStatus
from simulation.market.sessions import NEW_YORK, MarketClock, Session

Json = dict[str, object]
_RATIO_DIGITS = Decimal("0.000001")


def moment(at: datetime | None) -> str | None:
    """Write a time in UTC with microseconds: `2013-03-01T14:30:00.000000Z`."""
    return None if at is None else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def order_json(order: Order, *, nested: bool = False) -> Json:
    """Show an order as it is now; `legs` are null unless nested."""
    ended: dict[OrderStatus, str | None] = {order.status: moment(order.ended_at)}
    average = order.average_price
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "submitted_at": moment(order.created_at),
        "filled_at": ended.get(OrderStatus.FILLED),
        "expired_at": ended.get(OrderStatus.EXPIRED),
        "canceled_at": ended.get(OrderStatus.CANCELED),
        "failed_at": ended.get(OrderStatus.REJECTED),
        "replaced_at": ended.get(OrderStatus.REPLACED),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": order.asset.id,
        "symbol": order.symbol,
        "asset_class": order.asset.asset_class,
        "notional": _optional(order.notional),
        "qty": _optional(order.quantity),
        "filled_qty": text(order.filled_quantity),
        "filled_avg_price": _optional(average and nine_places(average)),
        "order_class": "" if order.order_class is OrderClass.SIMPLE else order.order_class.value,
        "order_type": order.type.value,
        "type": order.type.value,
        "side": order.side.value,
        "position_intent": f"{order.side}_to_{'open' if order.opening else 'close'}",
        "time_in_force": order.time_in_force.value,
        "limit_price": _optional(order.limit_price),
        "stop_price": _optional(order.stop_price),
        "status": order.status.value,
        "extended_hours": order.extended_hours,
        "legs": [order_json(leg) for leg in order.legs] if nested and order.legs else None,
        **dict.fromkeys(("trail_percent", "trail_price", "hwm", "subtag", "source")),
        "expires_at": moment(order.expires_at),
    }


def submission_json(order: Order) -> Json:
    """Show an order as the answer to its submission does: not yet at the exchange, nothing filled."""
    legs = [submission_json(leg) for leg in order.legs] or None
    return replacement_json(order) | {"legs": legs}


def replacement_json(order: Order) -> Json:
    """Show a replacement as the answer to its request does; the legs it took over are shown as they are."""
    unsettled = {
        "status": order.submitted_as.value,
        "filled_qty": "0",
        "filled_avg_price": None,
        "filled_at": None,
        "canceled_at": None,
        "updated_at": moment(order.created_at),
    }
    return order_json(order, nested=True) | unsettled


def account_json(account: Account, valuation: Valuation) -> Json:
    """Show an account; the fields of pattern day trading left Alpaca's API in July 2026."""
    values = {name: text(value) for name, value in valuation._asdict().items()}
    return values | {
        "id": account.id,
        "admin_configurations": {},
        "user_configurations": None,
        "account_number": f"PA{account.id[:8].upper()}",
        "status": account.status,
        "crypto_status": account.status,
        "currency": "USD",
        "regt_buying_power": values["buying_power"],
        "effective_buying_power": values["buying_power"],
        "cash": text(account.cash),
        "accrued_fees": "0",
        "portfolio_value": values["equity"],
        "trading_blocked": account.trading_blocked,
        "transfers_blocked": False,
        "account_blocked": account.account_blocked,
        "created_at": moment(account.opened_at),
        "trade_suspended_by_user": account.trade_suspended_by_user,
        "multiplier": text(account.settings.multiplier),
        "shorting_enabled": account.settings.shorting_enabled,
        "last_equity": text(account.last_equity),
        "position_market_value": text(valuation.long_market_value - valuation.short_market_value),
        "maintenance_margin": values["initial_margin"],
        "last_maintenance_margin": "0",
        "sma": "0",
        "crypto_tier": 1,
    }


def position_json(position: Position, account: Account, market: Market) -> Json:
    """Show a position; of a short one quantity, value and cost are negative."""
    price = market.prices[position.asset.symbol]
    previous = market.previous_closes.get(position.asset.symbol, price)
    return _position_json(position, account.available(position), price, previous)


@lru_cache(maxsize=1_000)
def _position_json(position: Position, available: Decimal, price: Decimal, previous: Decimal) -> Json:
    asset, quantity = position.asset, position.quantity
    worth = price * quantity
    profit = worth - position.cost
    profit_today = (price - previous) * quantity
    return {
        "asset_id": asset.id,
        "symbol": asset.position_symbol,
        "exchange": _exchange(asset),
        "asset_class": asset.asset_class,
        "asset_marginable": not asset.is_crypto,
        "qty": text(quantity),
        "avg_entry_price": text(nine_places(position.average_entry_price)),
        "side": "long" if quantity > 0 else "short",
        "market_value": text(worth),
        "cost_basis": text(position.cost),
        "unrealized_pl": text(profit),
        "unrealized_plpc": text((profit / abs(position.cost)).quantize(_RATIO_DIGITS)),
        "unrealized_intraday_pl": text(profit_today),
        "unrealized_intraday_plpc": text((profit_today / abs(previous * quantity)).quantize(_RATIO_DIGITS)),
        "current_price": text(price),
        "lastday_price": text(previous),
        "change_today": text(((price - previous) / previous).quantize(_RATIO_DIGITS)),
        "qty_available": text(available),
    }


def asset_json(asset: Asset) -> Json:
    """Show an asset; `easy_to_borrow` stands beside its successor, `borrow_status`."""
    return {
        "id": asset.id,
        "class": asset.asset_class,
        "exchange": _exchange(asset),
        "symbol": asset.symbol,
        "name": asset.symbol,
        "status": "active" if asset.tradable else "inactive",
        "tradable": asset.tradable,
        "marginable": not asset.is_crypto,
        "shortable": asset.shortable,
        "easy_to_borrow": asset.shortable,
        "borrow_status": "easy_to_borrow" if asset.shortable else "not_available",
        "fractionable": asset.fractionable,
        "attributes": [],
    }


def clock_json(clock: MarketClock) -> Json:
    """Show the market's clock, in New York time."""
    now, calendar = clock.now, clock.calendar
    times = {"timestamp": now, "next_open": calendar.next_open(now), "next_close": calendar.next_close(now)}
    return {"is_open": clock.is_open} | {name: at.astimezone(NEW_YORK).isoformat() for name, at in times.items()}


def session_json(session: Session) -> Json:
    """Show a day of the calendar, in New York time."""
    return {
        "date": session.day.isoformat(),
        "open": f"{session.opens.astimezone(NEW_YORK):%H:%M}",
        "close": f"{session.closes.astimezone(NEW_YORK):%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
    }


def _exchange(asset: Asset) -> str:
    return "CRYPTO" if asset.is_crypto else "NASDAQ"


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else text(value)
