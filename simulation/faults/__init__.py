"""Faults at every effect of the pipeline, decided by a seed."""

from simulation.faults.effects import Call, Effects, Worker
from simulation.faults.fates import Fates, Fault, Rates
from simulation.faults.trace import Trace
from simulation.faults.unavailable import Unavailable
from simulation.faults.unreliable_queue import UnreliableQueue

__all__ = ["Call", "Effects", "Fates", "Fault", "Rates", "Trace", "Unavailable", "UnreliableQueue", "Worker"]
