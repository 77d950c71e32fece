"""What a benchmark reports: one number against its bound, a table of them, and a file."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

from rich.console import Console
from rich.table import Column, Table


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement.

    Attributes:
        measured: a ratio or a count; never a time, which says more about the machine than about Argo.
        what: what is divided by what, or what is counted.
        bound: the largest value that passes; None where there is none.
        exactly: the bound is the only value that passes.
        samples: the values that `measured` is the median of.
    """

    name: str
    measured: float
    what: str
    bound: float | None = None
    exactly: bool = False
    samples: tuple[float, ...] = ()

    @property
    def verdict(self) -> Literal["pass", "over", "-"]:
        if self.bound is None:
            return "-"
        kept = self.measured == self.bound if self.exactly else self.measured <= self.bound
        return "pass" if kept else "over"


def compared(
    name: str,
    what: str,
    measured: Callable[[], float],
    standard: Callable[[], float],
    *,
    pairs: int,
    bound: float | None = None,
) -> Result:
    """Measure both in turn and report the median of ``measured`` divided by ``standard``, pair by pair.

    Every other pair runs the other way round, so that neither always goes first. The median is not moved by a
    disturbance of a minority of the pairs.
    """
    ratios = []
    for pair in range(pairs):
        if pair % 2:
            divisor, dividend = standard(), measured()
        else:
            dividend, divisor = measured(), standard()
        ratios.append(dividend / divisor)
    return Result(name, median(ratios), what, bound, samples=tuple(ratios))


def show(results: Sequence[Result], console: Console) -> None:
    right = partial(Column, justify="right")
    table = Table("benchmark", right("measured"), right("bound"), "what", "verdict")
    for result in results:
        bound = "-" if result.bound is None else f"{'=' if result.exactly else '≤'} {result.bound:g}"
        over = "bold red" if result.verdict == "over" else None
        table.add_row(result.name, f"{result.measured:.2f}", bound, result.what, result.verdict, style=over)
    console.print(table)


def write(results: Sequence[Result], path: Path) -> None:
    """Write the results as JSON, with what they were measured on."""
    about = {"python": platform.python_version(), "machine": platform.machine()}
    rows = [asdict(result) | {"verdict": result.verdict} for result in results]
    path.write_text(json.dumps(about | {"results": rows}, indent=2) + "\n", encoding="utf-8")
