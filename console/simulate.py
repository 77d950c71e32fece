"""`argo simulate`: the whole path under faults on virtual time, seed by seed; what breaks becomes a story."""

import os
from pathlib import Path
from typing import Annotated

import typer

from console.failing import REFUSED, fail
from trials.faults import Fault

_INTERRUPTED = 130


def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run.")] = 100,
    first: Annotated[int, typer.Option("--from", min=0, help="The first of them.")] = 0,
    signals: Annotated[int, typer.Option(min=1, help="Signals per seed, each for two accounts.")] = 200,
    seed: Annotated[int | None, typer.Option(min=0, help="Run this one seed, and print its trace hash.")] = None,
    tell: Annotated[
        bool, typer.Option("--story", help="With --seed: make a failure small and tell its story.")
    ] = False,
    trace: Annotated[Path | None, typer.Option(help="With --seed: write every event to this file.")] = None,
    only: Annotated[list[Fault] | None, typer.Option(help="Only this kind of fault; may be repeated.")] = None,
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Nothing goes wrong at all.")] = False,
    mutant: Annotated[
        str | None,
        typer.Option(help="With this wrong policy in the right one's place; with --mutants: only this one."),
    ] = None,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Run every mutant until it is caught, on at most --seeds seeds.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="With --mutants: write docs/proof.md.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.process_cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the whole path from signal to order under faults, on virtual time, and check that every rule holds.

    Exit code 1 when a rule is broken, when a fault never struck in a hundred seeds or more, or when a mutant is
    not caught; the first failing seed is made small and told as a story, with the command that runs it again.
    """
    from console import simulating
    from trials.world import Plan
    from trials.wrong_policies import WRONG_POLICIES

    if mutant is not None and mutant not in WRONG_POLICIES:
        fail(f"--mutant {mutant}: there is none; {', '.join(WRONG_POLICIES)}")
    without = frozenset(Fault).difference(only or ()) if only or no_faults else frozenset[Fault]()
    plan = Plan(first if seed is None else seed, signals, without)
    try:
        if seed is not None:
            good = simulating.one(plan, mutant, tell=tell, trace=trace, as_json=as_json)
        elif mutants:
            names = list(WRONG_POLICIES) if mutant is None else [mutant]
            good = simulating.mutants(plan, names, seeds, workers, write=write, as_json=as_json)
        else:
            good = simulating.series(plan, seeds, workers, mutant, as_json=as_json)
    except KeyboardInterrupt:
        fail("interrupted", _INTERRUPTED, style="yellow")
    if not good:
        raise typer.Exit(REFUSED)
