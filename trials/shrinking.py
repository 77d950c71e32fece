"""Make a failing trial small: as few signals and as few kinds of faults as still break the same rule."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

from trials.faults import Fault
from trials.world import Plan

LONGEST = 150
"""Runs that shrinking takes at most."""


class Found(NamedTuple):
    """What a run of a plan shows: the rules it broke, and the faults that struck in it."""

    rules: Collection[str]
    struck: Collection[Fault]


@dataclass(slots=True)
class Shrinker:
    """Shrinks plans that break ``rule``, by what ``run`` finds, in at most ``longest`` runs.

    A fault's draws come from a stream of its own, so that leaving a kind out moves no other; a trial of fewer
    signals is the beginning of the longer one, until its faults end.

    Attributes:
        runs: how many trials it has taken.
    """

    rule: str
    run: Callable[[Plan], Found]
    longest: int = LONGEST
    runs: int = 0

    def shrink(self, plan: Plan) -> Plan:
        """Return the smallest plan found that breaks the rule still; ``plan`` must."""
        smallest, before = self._one_fault(plan), None
        while smallest != before:
            before = smallest
            smallest = self._fewer_faults(self._fewer_signals(smallest))
        return smallest

    def _one_fault(self, plan: Plan) -> Plan:
        """Try the simplest first: no fault at all, then one kind alone."""
        found = self._found(plan)
        for kinds in [[], *([fault] for fault in sorted(found.struck))] if found is not None else []:
            alone = replace(plan, without=frozenset(Fault).difference(kinds))
            if self._found(alone) is not None:
                return alone
        return plan

    def _fewer_signals(self, plan: Plan) -> Plan:
        """Halve the way between what is known to break the rule and what is known not to."""
        holds, breaks = 0, plan
        while breaks.signals - holds > 1:
            fewer = replace(breaks, signals=(holds + breaks.signals) // 2)
            if self._found(fewer) is not None:
                breaks = fewer
            else:
                holds = fewer.signals
        return breaks

    def _fewer_faults(self, plan: Plan) -> Plan:
        """Leave out what does not strike, and then one kind after the other."""
        found = self._found(plan)
        if found is None:
            return plan
        # What has not struck has changed nothing: to leave it out is the same trial.
        plan = replace(plan, without=frozenset(Fault) - frozenset(found.struck))
        for fault in sorted(found.struck):
            fewer = replace(plan, without=plan.without | {fault})
            if self._found(fewer) is not None:
                plan = fewer
        return plan

    def _found(self, plan: Plan) -> Found | None:
        """Run a plan; None where it does not break the rule, or no run is left."""
        if self.runs >= self.longest:
            return None
        self.runs += 1
        found = self.run(plan)
        return found if self.rule in found.rules else None
