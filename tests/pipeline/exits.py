"""What tests of exits look at, and how they hold a fill back."""

from decimal import Decimal

from tests.pipeline.pipeline import PRICE

UP = Decimal("101.37")


def exit_order(pipeline, held, executor="argo"):
    """Return the one exit order of an execution at the broker."""
    prefix = f"argo-{executor}-{held.signal_id}-exit"
    (order,) = [order for order in pipeline.broker_orders(executor) if order.client_order_id.startswith(prefix)]
    return order


def legs_of(pipeline, signal):
    (entry,) = [
        order for order in pipeline.broker_orders() if order.client_order_id.endswith(f"{signal.signal_id}-entry")
    ]
    return entry.legs


def hold_back(pipeline, client_order_id, quantity):
    """Let no more than a quantity of an order fill."""
    pipeline.background.call(lambda: pipeline.server.broker.fill_limits.update({client_order_id: quantity}))


def let_go(pipeline, client_order_id):
    pipeline.background.call(lambda: pipeline.server.broker.fill_limits.pop(client_order_id))
    pipeline.set_price("AAPL", PRICE)
