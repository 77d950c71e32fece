"""Run the benchmarks and print one table; exit with 1 where a bound is exceeded."""

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from rich.console import Console

from benchmarks import cold, executor, generator, replay, simulation
from benchmarks.harness import Harness, harness
from benchmarks.results import Result, show, write

RESULTS = Path(__file__).parent / "results.json"
ALONE = {"cold": cold.run, "generator": generator.run, "simulation": simulation.run, "replay": replay.run}
ON_HARNESS: dict[str, Callable[[Harness], list[Result]]] = {
    "calls": executor.count_calls,
    "cpu": executor.compare_cpu,
    "batch": executor.compare_batches,
}
ON_REQUEST = "replay"
"""It downloads what it compares with."""


def main() -> int:
    by_default = [name for name in (*ALONE, *ON_HARNESS) if name != ON_REQUEST]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(by_default)}; {ON_REQUEST} by name")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the results")
    options = parser.parse_args()
    if unknown := set(options.names) - {*by_default, ON_REQUEST}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")

    results = measure(options.names or by_default)

    show(results, Console(width=None if sys.stdout.isatty() else 140))
    write(results, options.json)
    return int(any(result.verdict == "over" for result in results))


def measure(names: Collection[str]) -> list[Result]:
    results = [result for name, run in ALONE.items() if name in names for result in run()]
    if chosen := [run for name, run in ON_HARNESS.items() if name in names]:
        with harness(executor.ACCOUNTS) as running:
            results += [result for run in chosen for result in run(running)]
    return results


if __name__ == "__main__":
    raise SystemExit(main())
