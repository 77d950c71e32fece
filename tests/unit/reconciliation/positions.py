"""Positions as the reconciler sees them: twelve shares at 100, stop at 95, target at 110; a short one reversed."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import Execution, ExecutionState
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.placements import Cover, Fill, OrderLeg, Protection
from argo.domain.profile import ExitRules
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import Situation
from tests.unit.builders import NOW, a_broker_order, a_market_clock, an_execution

AN_HOUR = timedelta(hours=1)
LATER = NOW + AN_HOUR
COIN = Symbol("BTC/USD")
HELD = Decimal(12)
NO_RULES = ExitRules()
BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])


def at(side: Side, distance: int | str) -> Decimal:
    """Return the price so far on a position's good side."""
    return Decimal(100) + Decimal(distance) * (1 if side is Side.BUY else -1)


def an_order(order_id: str, side: Side, /, **overrides: object) -> BrokerOrder:
    fields = {"order_id": order_id, "side": str(side), "status": OrderStatus.NEW, "limit_price": None}
    return a_broker_order(**fields | overrides)


def a_stop(side: Side = Side.BUY, **overrides: object) -> BrokerOrder:
    """Build the live stop of a position that was opened by ``side``."""
    fields = {"stop_price": at(side, -5), "quantity": HELD}
    return an_order("stop", side.opposite, **fields | overrides)


def a_target(side: Side = Side.BUY, **overrides: object) -> BrokerOrder:
    return an_order("target", side.opposite, **{"limit_price": at(side, 10), "quantity": HELD} | overrides)


def filled(order: BrokerOrder, quantity: Decimal | int = HELD, price: Decimal | int = 100) -> BrokerOrder:
    """Return the order with a fill; with all of it, it is over."""
    quantity = Decimal(quantity)
    done = {"filled_quantity": quantity, "filled_average_price": Decimal(price), "filled_at": NOW}
    return order.model_copy(update=done | ({"status": OrderStatus.FILLED} if quantity == order.quantity else {}))


def ended(order: BrokerOrder, status: OrderStatus = OrderStatus.CANCELED) -> BrokerOrder:
    return order.model_copy(update={"status": status})


def an_entry(side: Side = Side.BUY, quantity: Decimal | int = HELD, *legs: BrokerOrder) -> BrokerOrder:
    """Build a filled entry with its legs."""
    entry = an_order("entry", side, quantity=Decimal(quantity), legs=legs, limit_price=at(side, "0.25"))
    return filled(entry, entry.quantity or 0)


def a_bracket(side: Side = Side.BUY) -> Orders:
    """Build the orders of a position that is as it should be."""
    return Orders(an_entry(side, HELD, a_target(side), a_stop(side)))


def held(side: Side = Side.BUY, **overrides: object) -> Execution:
    """Build a filled execution whose entry was a bracket."""
    fill = Fill(order_id="entry", leg="entry", quantity=HELD, price=Decimal(100), at=NOW)
    fields = {
        "state": ExecutionState.FILLED,
        "side": side,
        "order_id": "entry",
        "order_body": {
            "qty": "12",
            "stop_loss": {"stop_price": str(at(side, -5))},
            "take_profit": {"limit_price": str(at(side, 10))},
        },
        "fills": (fill,),
        "legs": (
            OrderLeg(order_id="target", role="take_profit", status="new"),
            OrderLeg(order_id="stop", role="stop_loss", status="new"),
        ),
    }
    return an_execution(**fields | overrides)


def held_simply(symbol: Symbol = COIN, **overrides: object) -> Execution:
    """Build a filled execution whose entry carried no exits: of a coin, or of a fraction of a share."""
    exits = {"stop_price": "95.00", "target_price": "110.00"}
    return held(**{"symbol": symbol, "detail": exits, "order_body": {"qty": "12"}, "legs": ()} | overrides)


def situation(orders: Orders, execution: Execution | None = None, **overrides: object) -> Situation:
    """Build a situation an hour after the fill, at the entry's price, the position being what is held."""
    execution = execution or held(Side(orders.entry.side))
    fields = {
        "execution": execution,
        "orders": orders,
        "position": max(orders.held, Decimal(0)),
        "price": Decimal(100),
        "clock": a_market_clock(next_close=LATER + 3 * AN_HOUR),
        "now": LATER,
    }
    return Situation(**fields | overrides)


def tried(attempts: int) -> Protection:
    """Build what is known of a protection that the broker has refused so many times."""
    return Protection(cover=Cover.NONE, naked_since=NOW, attempt=attempts, refusals=attempts, reason="no")
