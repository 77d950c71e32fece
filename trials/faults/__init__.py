"""Faults at every effect of the pipeline, decided by a seed."""

from trials.fault import Fault
from trials.faults.draws import FaultDraws, Rates
from trials.faults.effects import Call, Effects, Worker
from trials.faults.trace import Trace
from trials.faults.unavailable import Unavailable
from trials.faults.unreliable_queue import UnreliableQueue

__all__ = ["Call", "Effects", "Fault", "FaultDraws", "Rates", "Trace", "Unavailable", "UnreliableQueue", "Worker"]
