"""Trials: one seed, a series of them, or every wrong policy, shown; what breaks is made small and told."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from console.docs import write_docs
from console.screen import output, say
from console.tables import plain_table
from trials.faults import Fault
from trials.proof import Caught, Record, Traced, read_record, write_record
from trials.referee.rules import Rule
from trials.series import Processes, Summary
from trials.shrinking import LONGEST, Found, Shrinker
from trials.story import breach, story
from trials.trial import Verdict, run_trial
from trials.world import Plan
from trials.wrong_policies import WRONG_POLICIES

_SHOWN = 10
_MESSAGES = output(stderr=True)
_TRACED = Plan(0)
"""The trial whose hash is kept, to be compared on other machines."""


def one(plan: Plan, mutant: str | None, *, tell: bool, trace: Path | None, as_json: bool) -> bool:
    """Run one seed and show it; True when no rule was broken."""
    verdict = run_trial(replace(plan, keep_trace=trace is not None), mutant=mutant)
    if trace is not None:
        trace.write_text("".join(f"{line}\n" for line in verdict.lines), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(_verdict_as_dict(verdict), indent=2))
    else:
        _show_verdict(verdict)
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
        typer.echo(json.dumps(_summary_as_dict(summary, seconds), indent=2))
    else:
        _show_summary(summary, seconds)
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
        _show_mutants(names, caught, seeds)
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
    say(f"\nAgain: {_command_again(smallest, mutant)}")


def _plans(plan: Plan, seeds: int) -> list[Plan]:
    return [replace(plan, seed=seed) for seed in range(plan.seed, plan.seed + seeds)]


@contextmanager
def _progress(unit: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar while the block runs; gives what is told of each step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, TimeElapsedColumn(), console=_MESSAGES, transient=True) as progress:
        task = progress.add_task("starting", total=steps)
        yield lambda told: progress.update(task, advance=1, description=told)


def _command_again(plan: Plan, mutant: str | None) -> str:
    parts = [f"argo simulate --seed {plan.seed} --signals {plan.signals}"]
    kinds = sorted(frozenset(Fault) - plan.without)
    if plan.without:
        parts += [f"--only {fault}" for fault in kinds] or ["--no-faults"]
    return " ".join([*parts, *([f"--mutant {mutant}"] if mutant else [])])


def _show_verdict(verdict: Verdict) -> None:
    say(
        f"Seed {verdict.plan.seed}: {verdict.signals} signals, {verdict.events:,} events, "
        f"{verdict.virtual_seconds / 60:.0f} virtual minutes in {verdict.seconds:.2f} s"
    )
    for heading, counts in (("executions", verdict.states), ("faults", verdict.struck)):
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        say(f"{heading}: {told or 'none'}")
    for violation in verdict.violations[:_SHOWN]:
        say(breach(violation), "red")
    if len(verdict.violations) > _SHOWN:
        say(f"and {len(verdict.violations) - _SHOWN} more", "red")
    say(f"trace: {verdict.digest}")


def _verdict_as_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "seed": verdict.plan.seed,
        "signals": verdict.signals,
        "trace_sha256": verdict.digest,
        "events": verdict.events,
        "virtual_seconds": verdict.virtual_seconds,
        "seconds": verdict.seconds,
        "states": dict(verdict.states),
        "struck": dict(verdict.struck),
        "violations": [violation._asdict() for violation in verdict.violations],
    }


def _show_summary(summary: Summary, seconds: float) -> None:
    rules = plain_table("What must hold", "", "broken", "in seeds", "the rule")
    for rule in Rule:
        count = summary.broken[rule]
        rules.add_row(
            rule.breaches, str(count), str(summary.broken_in[rule]), rule.meaning, style="red" if count else None
        )
    faults = plain_table("What went wrong on purpose", "", "times", "in seeds", "the fault")
    for fault in Fault:
        times, missed = summary.struck[fault], fault in summary.never_struck
        faults.add_row(
            fault, f"{times:,}", f"{summary.struck_in[fault]:,}", fault.meaning, style="red" if missed else None
        )
    output().print(rules, faults)
    ends = ", ".join(f"{count:,} {state}" for state, count in summary.states.most_common())
    say(f"Executions: {ends}")
    say(
        f"{summary.trials:,} seeds, {summary.signals:,} signals, {summary.events:,} events in {seconds:.1f} s: "
        f"{summary.signals / seconds:,.0f} signals a second, {summary.events / seconds:,.0f} events."
    )
    say(f"All traces: {summary.digest}")
    for fault in summary.never_struck:
        say(f"{fault} never struck: what follows from it was not tried.", "red")
    if summary.failing:
        seeds = ", ".join(str(verdict.plan.seed) for verdict in summary.failing[:_SHOWN])
        say(f"{len(summary.failing)} seeds broke a rule: {seeds}", "red")
    else:
        say("No rule was broken.")


def _summary_as_dict(summary: Summary, seconds: float) -> dict[str, Any]:
    return {
        "seeds": summary.trials,
        "signals": summary.signals,
        "events": summary.events,
        "digest": summary.digest,
        "seconds": seconds,
        "broken": {rule: summary.broken[rule] for rule in Rule},
        "struck": {fault: {"times": summary.struck[fault], "seeds": summary.struck_in[fault]} for fault in Fault},
        "never_struck": summary.never_struck,
        "states": dict(summary.states),
        "failing": [_verdict_as_dict(verdict) for verdict in summary.failing],
    }


def _show_mutants(names: Sequence[str], caught: Mapping[str, Caught], seeds: int) -> None:
    table = plain_table("Wrong policies", "mutant", "what it does", "failure", "caught at seed", "by the rules")
    for name in names:
        mutant, known = WRONG_POLICIES[name], caught.get(name)
        row = (str(known.seed), ", ".join(known.rules)) if known else (f"survives {seeds} seeds", "-")
        table.add_row(name, mutant.wrong, mutant.failure or "-", *row, style=None if known else "red")
    output().print(table)
    say(f"{len(caught)} of {len(names)} caught.")
