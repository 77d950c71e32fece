"""Run the benchmarks and print one table; exit with 1 where a bound is exceeded."""

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from rich.console import Console

from benchmarks import batch, calls, cold, cpu, generator, replay, simulation
from benchmarks.results import Result, Verdict, show, write
from benchmarks.stand import Stand, stand

RESULTS = Path(__file__).parent / "results.json"
ON_THE_STAND: dict[str, Callable[[Stand], list[Result]]] = {"calls": calls.run, "cpu": cpu.run, "batch": batch.run}
NAMES = ("cold", "generator", "simulation", *ON_THE_STAND)
ON_REQUEST = ("replay",)
"""It downloads what it compares with."""


def main() -> int:
    """Parse the arguments, run what they name and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(NAMES)}; {ON_REQUEST[0]} by name")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the results")
    options = parser.parse_args()
    if unknown := set(options.names) - {*NAMES, *ON_REQUEST}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")

    results = measure(options.names or NAMES)

    show(results, Console(width=None if sys.stdout.isatty() else 140))
    write(results, options.json)
    return int(any(result.verdict is Verdict.OVER for result in results))


def measure(names: Collection[str]) -> list[Result]:
    """Run the named benchmarks, one at a time."""
    results = cold.run() if "cold" in names else []
    results += generator.run() if "generator" in names else []
    results += simulation.run() if "simulation" in names else []
    results += replay.run() if "replay" in names else []
    chosen = [run for name, run in ON_THE_STAND.items() if name in names]
    if chosen:
        with stand((calls.ACCOUNT, cpu.ACCOUNT, cpu.BARE_ACCOUNT, batch.ACCOUNT)) as running:
            for run in chosen:
                results += run(running)
    return results


if __name__ == "__main__":
    raise SystemExit(main())
