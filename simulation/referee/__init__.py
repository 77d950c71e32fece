"""The referee of a simulated run: what must hold whatever fails, and who sees that it does."""

from simulation.referee.evidence import Books, Evidence, Violation
from simulation.referee.referee import Referee
from simulation.referee.rounds import LINGERS
from simulation.referee.rules import Rule

__all__ = ["LINGERS", "Books", "Evidence", "Referee", "Rule", "Violation"]
