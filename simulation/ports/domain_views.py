"""Show the simulated broker's orders, accounts and the rest as Argo's domain has them.

What `simulation.broker.views` and the Alpaca adapter's parser make of them by way of JSON, to the last digit: one
ledger results of both.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.orders import BrokerOrder, OrderStatus
from simulation.broker import Account, Order
from simulation.broker.account import Position as BrokersPosition
from simulation.broker.account import Valuation
from simulation.broker.assets import Asset as BrokersAsset
from simulation.broker.clock import MarketClock as BrokersClock
from simulation.broker.market import Market
from simulation.broker.money import ZERO, nine_places, text
from simulation.broker.terms import OrderStatus as BrokersStatus

_STATUSES = {each: OrderStatus(each.value) for each in BrokersStatus}


def order_as_it_is(order: Order, *, nested: bool, request_id: str | None = None) -> BrokerOrder:
    """Show an order as it is now, with its legs where nested."""
    state = _state(order, nested=nested)
    return _in_state(state) if request_id is None else _order(order, _legs(state), request_id, settled=True)


def order_as_submitted(order: Order, *, request_id: str | None = None) -> BrokerOrder:
    """Show an order as the answer to its submission does: not yet at the exchange, nothing filled."""
    legs = tuple(order_as_submitted(leg) for leg in order.legs)
    return _order(order, legs, request_id, settled=False)


def order_as_replacing(order: Order, *, request_id: str | None = None) -> BrokerOrder:
    """Show a replacement as the answer to its request does; the legs it took over are shown as they are."""
    legs = tuple(order_as_it_is(leg, nested=False) for leg in order.legs)
    return _order(order, legs, request_id, settled=False)


def account_of(account: Account, valuation: Valuation) -> BrokerAccount:
    """Show an account's balances and flags."""
    return BrokerAccount(
        status=account.status,
        trading_blocked=account.trading_blocked,
        account_blocked=account.account_blocked,
        trade_suspended_by_user=account.trade_suspended_by_user,
        shorting_enabled=account.settings.shorting_enabled,
        equity=_shown(valuation.equity),
        last_equity=_shown(account.last_equity),
        cash=_shown(account.cash),
        buying_power=_shown(valuation.buying_power),
        non_marginable_buying_power=_shown(valuation.non_marginable_buying_power),
    )


def position_of(position: BrokersPosition, account: Account, market: Market) -> Position:
    """Show a position at the last price."""
    asset, quantity, average = position.asset, position.quantity, position.average_entry_price
    worth = market.prices[asset.symbol] * quantity
    return _position(asset.position_symbol, quantity, account.available(position), average, worth)


def asset_of(asset: BrokersAsset) -> Asset:
    """Show what may be done with an asset."""
    return Asset(tradable=asset.tradable, shortable=asset.shortable, fractionable=asset.fractionable)


def clock_of(clock: BrokersClock) -> MarketClock:
    """Show the exchange's clock."""
    now, calendar = clock.now, clock.calendar
    return MarketClock(
        now=now, is_open=clock.is_open, next_open=calendar.next_open(now), next_close=calendar.next_close(now)
    )


class _State(NamedTuple):
    """All that may change of what an order is shown as."""

    order: Order
    status: BrokersStatus
    quantity: Decimal | None
    filled_quantity: Decimal
    filled_value: Decimal
    ended_at: datetime | None
    replaced_by: str | None
    legs: "tuple[_State, ...]"


def _state(order: Order, *, nested: bool) -> _State:
    return _State(
        order,
        order.status,
        order.quantity,
        order.filled_quantity,
        order.filled_value,
        order.ended_at,
        order.replaced_by,
        tuple([_state(leg, nested=False) for leg in order.legs]) if nested else (),
    )


@lru_cache(maxsize=1_000)
def _in_state(state: _State) -> BrokerOrder:
    """Show an order, made anew only when it has changed: most are looked at far more often."""
    return _order(state.order, _legs(state), None, settled=True)


def _legs(state: _State) -> tuple[BrokerOrder, ...]:
    return tuple(_in_state(leg) for leg in state.legs)


@lru_cache(maxsize=1_000)
def _position(symbol: str, quantity: Decimal, available: Decimal, average: Decimal, worth: Decimal) -> Position:
    return Position(
        symbol=symbol,
        quantity=_shown(quantity),
        available_quantity=_shown(available),
        average_entry_price=_shown(nine_places(average)),
        market_value=_shown(worth),
    )


def _order(order: Order, legs: tuple[BrokerOrder, ...], request_id: str | None, *, settled: bool) -> BrokerOrder:
    average = order.average_price if settled else None
    return BrokerOrder(
        order_id=order.id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side.value,
        status=_STATUSES[order.status if settled else order.submitted_as],
        order_type=order.type.value,
        order_class=order.order_class.value,
        quantity=_optional(order.quantity),
        filled_quantity=_shown(order.filled_quantity) if settled else ZERO,
        filled_average_price=None if average is None else _shown(nine_places(average)),
        limit_price=_optional(order.limit_price),
        stop_price=_optional(order.stop_price),
        submitted_at=order.created_at,
        filled_at=order.ended_at if settled and order.status is BrokersStatus.FILLED else None,
        legs=legs,
        replaced_by=order.replaced_by,
        request_id=request_id,
    )


def _optional(value: Decimal | None) -> Decimal | None:
    return None if value is None else _shown(value)


@lru_cache(maxsize=10_000)
def _shown(value: Decimal) -> Decimal:
    """Return a number with the digits that JSON shows of it: `100` for 100.00, `100000` for 1E+5."""
    return Decimal(text(value))
