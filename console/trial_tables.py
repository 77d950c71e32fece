"""What trials show: a seed's verdict, a series' tables, the mutants', and the command that runs a trial again."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.tables import output, plain_table, say
from console.trial_story import breach
from trials.faults import Fault
from trials.proof import Caught
from trials.referee.rules import Rule
from trials.series import Summary
from trials.trial import Verdict
from trials.world import Plan
from trials.wrong_policies import WRONG_POLICIES

_SHOWN = 10


def command(plan: Plan, mutant: str | None) -> str:
    """Return the command that runs a trial again."""
    parts = [f"argo simulate --seed {plan.seed} --signals {plan.signals}"]
    kinds = sorted(frozenset(Fault) - plan.without)
    if plan.without:
        parts += [f"--only {fault}" for fault in kinds] or ["--no-faults"]
    return " ".join([*parts, *([f"--mutant {mutant}"] if mutant else [])])


def show_verdict(verdict: Verdict) -> None:
    """Print what became of one seed."""
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


def verdict_as_dict(verdict: Verdict) -> dict[str, Any]:
    """Return a seed's verdict as plain JSON."""
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


def show_summary(summary: Summary, seconds: float) -> None:
    """Print what a series adds up to: rules, faults, ends, and the failing seeds."""
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


def summary_as_dict(summary: Summary, seconds: float) -> dict[str, Any]:
    """Return a series as plain JSON."""
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
        "failing": [verdict_as_dict(verdict) for verdict in summary.failing],
    }


def show_mutants(names: Sequence[str], caught: Mapping[str, Caught], seeds: int) -> None:
    """Print how soon each mutant was caught, and by what."""
    table = plain_table("Wrong policies", "mutant", "what it does", "failure", "caught at seed", "by the rules")
    for name in names:
        mutant, known = WRONG_POLICIES[name], caught.get(name)
        row = (str(known.seed), ", ".join(known.rules)) if known else (f"survives {seeds} seeds", "-")
        table.add_row(name, mutant.wrong, mutant.failure or "-", *row, style=None if known else "red")
    output().print(table)
    say(f"{len(caught)} of {len(names)} caught.")
