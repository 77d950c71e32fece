"""The referee of a simulated run: what must hold whatever fails, and who sees that it does."""

from trials.referee.evidence import Books, Evidence, Violation
from trials.referee.recurring_checks import LINGERS
from trials.referee.referee import Referee
from trials.referee.rules import Rule

__all__ = ["LINGERS", "Books", "Evidence", "Referee", "Rule", "Violation"]
