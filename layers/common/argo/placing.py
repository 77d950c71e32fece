"""Send an order that is on the record, once, and find it again by its derived id."""

from argo.domain.execution import Execution, Placement
from argo.domain.faults import Duplicate, Refused
from argo.domain.orders import BrokerOrder
from argo.ports import Broker


async def find(broker: Broker, execution: Execution, planned: Placement) -> BrokerOrder | None:
    """Look up an order that may have been sent; None where the broker shows none.

    Raises:
        BrokerFault: the broker did not tell.
    """
    return await broker.order_by_client_id(execution.client_order_id_of(planned))


async def send(broker: Broker, execution: Execution, planned: Placement) -> BrokerOrder | Refused | None:
    """Send what is on the record; the order, the refusal, or None where the broker has it and does not show it.

    Raises:
        BrokerFault: whether it was placed is not known; `find` tells later.
    """
    try:
        return await broker.submit(planned.order_body or {})
    except Duplicate:
        return await find(broker, execution, planned)
    except Refused as refusal:
        return refusal
