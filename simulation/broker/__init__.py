"""A simulated Alpaca: the engine here, its HTTP face in `simulation.broker.server`."""

from simulation.broker.account import Account, AccountSettings
from simulation.broker.behaviour import Behaviour
from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError
from simulation.broker.orders import Order
from simulation.broker.parsing import order_changes, order_request
from simulation.broker.terms import Changes, OrderRequest

__all__ = [
    "Account",
    "AccountSettings",
    "Behaviour",
    "BrokerError",
    "Changes",
    "Order",
    "OrderRequest",
    "SimulatedBroker",
    "order_changes",
    "order_request",
]
