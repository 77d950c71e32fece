"""Trials: one seed, a series of them, or every wrong policy; what breaks is made small and told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from console.docs import write_docs
from console.tables import say
from console.trial_story import story
from console.trial_tables import (
    command,
    show_mutants,
    show_summary,
    show_verdict,
    summary_as_dict,
    verdict_as_dict,
)
from trials.faults import Fault
from trials.proof import Caught, Record, Traced, read_record, write_record
from trials.series import Processes, Summary
from trials.shrinking import LONGEST, Found, Shrinker
from trials.trial import Verdict, run_trial
from trials.world import Plan
from trials.wrong_policies import WRONG_POLICIES

_MESSAGES = Console(stderr=True)
_TRACED = Plan(0)
"""The trial whose hash is kept, to be compared on other machines."""


def one(plan: Plan, mutant: str | None, *, tell: bool, trace: Path | None, as_json: bool) -> bool:
    """Run one seed and show it; True when no rule was broken."""
    verdict = run_trial(replace(plan, keep_trace=trace is not None), mutant=mutant)
    if trace is not None:
        trace.write_text("".join(f"{line}\n" for line in verdict.lines), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(verdict_as_dict(verdict), indent=2))
    else:
        show_verdict(verdict)
    if tell and verdict.violations:
        _tell(verdict, mutant)
    elif tell:
        _MESSAGES.print("No rule was broken: there is no story to tell.")
    return not verdict.violations


def series(plan: Plan, seeds: int, workers: int, mutant: str | None, *, as_json: bool) -> bool:
    """Run seeds and show what they add up to; True when no rule was broken and every fault struck."""
    summary, began = Summary(), perf_counter()
    with Processes(workers) as processes, _progress("seeds", seeds) as moved:
        for verdict in processes.run(_plans(plan, seeds), mutant=mutant):
            summary.add(verdict)
            failed = f", {len(summary.failing)} failing" if summary.failing else ""
            moved(f"seed {verdict.plan.seed}{failed}")
    seconds = perf_counter() - began
    if as_json:
        typer.echo(json.dumps(summary_as_dict(summary, seconds), indent=2))
    else:
        show_summary(summary, seconds)
    if summary.failing:
        _tell(summary.failing[0], mutant)
    return not summary.failing and not summary.never_struck


def mutants(plan: Plan, names: Sequence[str], seeds: int, workers: int, *, write: bool, as_json: bool) -> bool:
    """Run wrong policies until each is caught, and show how soon; True when all were."""
    caught: dict[str, Caught] = {}
    with Processes(workers) as processes, _progress("mutants", len(names)) as moved:
        for name in names:
            verdicts = processes.run(_plans(plan, seeds), mutant=name)
            failing = next((verdict for verdict in verdicts if verdict.violations), None)
            outcome = "survives" if failing is None else f"seed {failing.plan.seed}"
            _MESSAGES.print(f"{name}: {outcome}", highlight=False)
            if failing is not None:
                rules = sorted({violation.rule for violation in failing.violations})
                caught[name] = Caught(failing.plan.seed, failing.plan.signals, rules)
            moved(name)
    if write:
        kept = read_record().caught if len(names) < len(WRONG_POLICIES) else {}
        known = {name: found for name in WRONG_POLICIES if (found := caught.get(name, kept.get(name)))}
        traced = Traced(_TRACED.seed, _TRACED.signals, run_trial(_TRACED).digest)
        write_record(Record(traced, known))
        write_docs()
    if as_json:
        typer.echo(json.dumps({name: asdict(known) for name, known in caught.items()}, indent=2))
    else:
        show_mutants(names, caught, seeds)
    return len(caught) == len(names)


def _tell(failing: Verdict, mutant: str | None) -> None:
    """Make a failing trial small, tell its story, and say how to run it again."""
    rule = failing.violations[0].rule

    def found(plan: Plan) -> Found:
        moved(f"{plan.signals} signals, {len(Fault) - len(plan.without)} kinds of faults")
        verdict = run_trial(plan, mutant=mutant)
        return Found({violation.rule for violation in verdict.violations}, verdict.struck.keys())

    with _progress("runs to make it small, at most", LONGEST) as moved:
        smallest = Shrinker(rule, found).shrink(failing.plan)
    verdict = run_trial(replace(smallest, keep_trace=True), mutant=mutant)
    broken = next(violation for violation in verdict.violations if violation.rule == rule)
    say(f"\nSeed {smallest.seed}, made small; virtual minutes and seconds:", "bold")
    for line in story(broken, verdict.lines):
        say(line)
    say(f"\nAgain: {command(smallest, mutant)}")


def _plans(plan: Plan, seeds: int) -> list[Plan]:
    return [replace(plan, seed=seed) for seed in range(plan.seed, plan.seed + seeds)]


@contextmanager
def _progress(unit: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar while the block runs; gives what is told of each step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, TimeElapsedColumn(), console=_MESSAGES, transient=True) as progress:
        task = progress.add_task("starting", total=steps)
        yield lambda told: progress.update(task, advance=1, description=told)
