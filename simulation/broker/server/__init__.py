"""The simulated broker's HTTP face, in Alpaca's dialect."""

from simulation.broker.server.faults import Fault, Faults
from simulation.broker.server.serving import BackgroundServer, BrokerServer

__all__ = ["BackgroundServer", "BrokerServer", "Fault", "Faults"]
