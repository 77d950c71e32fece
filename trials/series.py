"""Many trials: seeds over processes, verdicts in the order of their seeds, and what they add up to."""

import gc
import hashlib
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread

from trials.faults import Fault
from trials.trial import Verdict, run_trial
from trials.world import Plan

ENOUGH_SEEDS = 100
"""So many seeds, of as many signals as a trial has, let every fault strike; one that does not is never tried."""


@dataclass(slots=True)
class Summary:
    """What trials add up to: of each rule, state and fault how often; of rules and faults also in how many seeds.

    ``failing`` are the verdicts that broke a rule, in the order of their seeds.
    ``digest`` is the SHA-256 of the trials' own, in that order.
    """

    trials: int = 0
    signals: int = 0
    events: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    broken_in: Counter[str] = field(default_factory=Counter)
    struck: Counter[Fault] = field(default_factory=Counter)
    struck_in: Counter[Fault] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    failing: list[Verdict] = field(default_factory=list)
    digest: str = ""

    def add(self, verdict: Verdict) -> None:
        """Add a trial."""
        self.trials += 1
        self.digest = hashlib.sha256(f"{self.digest}{verdict.digest}".encode()).hexdigest()
        self.signals += verdict.signals
        self.events += verdict.events
        self.states.update(verdict.states)
        self.struck.update(verdict.struck)
        self.struck_in.update(verdict.struck.keys())
        self.broken.update(violation.rule for violation in verdict.violations)
        self.broken_in.update({violation.rule for violation in verdict.violations})
        if verdict.violations:
            self.failing.append(verdict)

    @property
    def never_struck(self) -> list[Fault]:
        """Faults that no seed of many has met: what follows from them was not tried."""
        return [fault for fault in Fault if self.trials >= ENOUGH_SEEDS and not self.struck[fault]]


class Processes(ProcessPoolExecutor):
    """Processes that run trials; leaving them waits for the few trials that are under way, and starts no more."""

    def __init__(self, count: int) -> None:
        """Start so many, each with nothing in its memory."""
        super().__init__(count, mp_context=get_context("spawn"), initializer=_settle_in)

    def __exit__(self, *_: object) -> None:
        self.shutdown(cancel_futures=True)

    def run(self, plans: Iterable[Plan], *, mutant: str | None = None) -> Iterator[Verdict]:
        """Yield the verdicts in the order of the plans; closed early, it runs no more of them."""
        return self.map(partial(_run_and_clear, mutant=mutant), plans)


def _run_and_clear(plan: Plan, *, mutant: str | None) -> Verdict:
    verdict = run_trial(plan, mutant=mutant)
    gc.collect()
    return verdict


def _settle_in() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that has ended, however it did.

    What is imported stays for good; what a trial leaves behind is collected once, after it.
    """
    gc.freeze()
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
