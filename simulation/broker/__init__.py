"""A simulated Alpaca: the engine here, its HTTP face in `simulation.broker.server`."""

from simulation.broker.account import Account, AccountSettings
from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError
from simulation.broker.orders import Order, OrderRequest
from simulation.broker.parsing import order_request

__all__ = [
    "Account",
    "AccountSettings",
    "BrokerError",
    "Order",
    "OrderRequest",
    "SimulatedBroker",
    "order_request",
]
