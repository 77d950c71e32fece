"""An execution's orders at the broker: sent once and found again by their derived ids, and read, all of them."""

from collections.abc import Iterable

from argo.domain.execution import Execution
from argo.domain.faults import Duplicate, Refused
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.placements import Placement, Protection
from argo.domain.settlement import Orders
from argo.ports import Broker


async def send(broker: Broker, execution: Execution, planned: Placement) -> BrokerOrder | Refused | None:
    """Send what is on the record; the order, the refusal, or None where the broker has it and does not show it.

    Raises:
        BrokerFault: whether it was placed is not known; a look-up by its id tells later.
    """
    try:
        return await broker.submit(planned.order_body or {})
    except Duplicate:
        return await broker.order_by_client_id(execution.client_order_id_of(planned))
    except Refused as refusal:
        return refusal


async def orders_of(execution: Execution, broker: Broker) -> Orders | None:
    """Return an execution's orders, or None where the broker does not show one that it has accepted.

    Raises:
        BrokerFault: the broker did not tell.
    """
    entry = await broker.order(execution.order_id) if execution.order_id else None
    guards = await _guards(broker, execution.protection)
    exits = await _read(broker, order_ids(execution.exit))
    if entry is None or guards is None or exits is None:
        return None
    placed = (execution.exit, execution.protection)
    folded = tuple(fill for each in placed if each is not None for fill in each.folded or ())
    return Orders(entry=entry, guards=guards, exits=exits, folded=folded)


def order_ids(placed: Placement | None) -> list[str]:
    """Return the ids of the orders that an exit or a protection has had accepted, the last one at the end."""
    if placed is None:
        return []
    return [*placed.earlier, *([placed.order_id] if placed.order_id else [])]


async def _guards(broker: Broker, protection: Protection | None) -> tuple[BrokerOrder, ...] | None:
    """Return what guards a position, also an order whose acceptance nobody has recorded: it may be live."""
    known = await _read(broker, order_ids(protection))
    if known is None or protection is None or protection.order_body is None or protection.order_id is not None:
        return known
    sent = await broker.order_by_client_id(str(protection.order_body["client_order_id"]))
    found = await _current(broker, sent.order_id) if sent is not None else None
    return known if found is None else (*known, found)


async def _read(broker: Broker, ids: Iterable[str]) -> tuple[BrokerOrder, ...] | None:
    found = [await _current(broker, order_id) for order_id in ids]
    shown = tuple(order for order in found if order is not None)
    return shown if len(shown) == len(found) else None


async def _current(broker: Broker, order_id: str) -> BrokerOrder | None:
    """Return an order, or the one in its place: a stop that was moved is another order, with another id."""
    order = await broker.order(order_id)
    while order is not None and order.status is OrderStatus.REPLACED and order.replaced_by is not None:
        order = await broker.order(order.replaced_by)
    return order
