"""What tests of exits look at, and how they hold a fill back."""

from decimal import Decimal

from tests.pipeline.stage import PRICE

UP = Decimal("101.37")


def exit_order(stage, held, executor="argo"):
    """Return the one exit order of an execution at the broker."""
    prefix = f"argo-{executor}-{held.signal_id}-exit"
    (order,) = [order for order in stage.broker_orders(executor) if order.client_order_id.startswith(prefix)]
    return order


def legs_of(stage, signal):
    (entry,) = [
        order for order in stage.broker_orders() if order.client_order_id.endswith(f"{signal.signal_id}-entry")
    ]
    return entry.legs


def hold_back(stage, client_order_id, quantity):
    """Let no more than a quantity of an order fill."""
    stage.background.call(lambda: stage.server.broker.fill_limits.update({client_order_id: quantity}))


def let_go(stage, client_order_id):
    stage.background.call(lambda: stage.server.broker.fill_limits.pop(client_order_id))
    stage.set_price("AAPL", PRICE)
