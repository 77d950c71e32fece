"""Entries, exits, guards and corrections of one position, as the broker shows them."""

from datetime import timedelta
from decimal import Decimal

from argo.domain.execution import ExecutionState
from argo.domain.orders import OrderStatus
from argo.domain.placements import Fill, OrderLeg
from argo.domain.settlement import Orders
from argo.domain.settlement import settle as settled
from tests.unit.builders import NOW, a_broker_order, an_execution

FILLED_AT = NOW + timedelta(seconds=3)
SOON, MUCH_LATER = NOW + timedelta(minutes=1), NOW + timedelta(days=2)
ENDED_EARLY = [OrderStatus.CANCELED, OrderStatus.EXPIRED]


def an_entry(status, filled=0, price="100.20", legs=(), filled_at=FILLED_AT):
    return a_broker_order(
        order_id="entry-1",
        status=status,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=filled_at if filled else None,
        legs=legs,
    )


def a_leg(filled=0, price="109.80", *, stop=False, status=OrderStatus.HELD):
    return a_broker_order(
        order_id="stop-1" if stop else "target-1",
        side="sell",
        status=OrderStatus.FILLED if filled else status,
        stop_price=Decimal(95) if stop else None,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=FILLED_AT if filled else None,
    )


def a_fill(quantity, price, leg="entry"):
    order_id = {"entry": "entry-1", "take_profit": "target-1", "stop_loss": "stop-1", "exit": "exit-1"}[leg]
    return Fill(order_id=order_id, leg=leg, quantity=quantity, price=price, at=FILLED_AT)


def an_exit(status=OrderStatus.FILLED, filled=12, price="101.20", filled_at=FILLED_AT):
    """Build the market order that left the position before its legs did."""
    return a_broker_order(
        order_id="exit-1",
        side="sell",
        status=status,
        order_class="simple",
        limit_price=None,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=filled_at if filled else None,
    )


def settle(execution, entry, now, *exits):
    """Settle by an entry with its legs, and by the orders that left its position early."""
    return settled(execution, Orders(entry, exits=exits), now)


def as_recorded(*legs):
    return tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in legs)


def submitted(**overrides):
    return an_execution(**{"state": ExecutionState.SUBMITTED, "order_id": "entry-1"} | overrides)


def after(execution, move):
    """Return the execution once the ledger has the move."""
    if move is None:
        return execution
    learnt = {
        "state": move.state,
        "fills": move.settlement.fills or execution.fills,
        "legs": execution.legs if move.settlement.legs is None else move.settlement.legs,
    }
    return execution.model_copy(update=learnt)


def a_guard(order_id, status, filled=0, price="95.00"):
    """Build a stop that the reconciler placed."""
    return a_leg(filled, price, stop=True).model_copy(
        update={"order_id": order_id, "status": status, "quantity": Decimal(12)}
    )


def a_correction(filled=12, status=OrderStatus.FILLED, price="104.10"):
    """Build the order that buys back what two exits have sold too much."""
    return an_exit(status, filled, price).model_copy(update={"order_id": "correction-1", "side": "buy"})
