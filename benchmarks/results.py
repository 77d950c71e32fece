"""What a benchmark reports: one number against its bound, a table of them, and a file."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


class Verdict(StrEnum):
    """How a measurement stands to its bound."""

    KEPT = "pass"
    OVER = "over"
    UNBOUNDED = "-"


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
    def verdict(self) -> Verdict:
        """Compare with the bound."""
        if self.bound is None:
            return Verdict.UNBOUNDED
        kept = self.measured == self.bound if self.exactly else self.measured <= self.bound
        return Verdict.KEPT if kept else Verdict.OVER


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratios of pairs that were measured one after the other, so that both met the same machine."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one: a disturbance of a minority of the pairs does not move it."""
        return median(self.samples)


def alternating(measured: Callable[[], float], standard: Callable[[], float], *, pairs: int) -> Ratio:
    """Measure both in turn and return ``measured`` divided by ``standard``, pair by pair.

    Every other pair runs the other way round, so that neither always goes first.
    """
    ratios = []
    for pair in range(pairs):
        if pair % 2:
            divisor, dividend = standard(), measured()
        else:
            dividend, divisor = measured(), standard()
        ratios.append(dividend / divisor)
    return Ratio(tuple(ratios))


def show(results: Sequence[Result], console: Console) -> None:
    """Print the table."""
    table = Table()
    table.add_column("benchmark")
    table.add_column("measured", justify="right")
    table.add_column("bound", justify="right")
    table.add_column("what")
    table.add_column("verdict")
    for result in results:
        bound = "-" if result.bound is None else f"{'=' if result.exactly else '≤'} {result.bound:g}"
        over = "bold red" if result.verdict is Verdict.OVER else None
        table.add_row(result.name, f"{result.measured:.2f}", bound, result.what, str(result.verdict), style=over)
    console.print(table)


def write(results: Sequence[Result], path: Path) -> None:
    """Write the results as JSON, with what they were measured on."""
    about = {"python": platform.python_version(), "machine": platform.machine()}
    rows = [asdict(result) | {"verdict": result.verdict} for result in results]
    path.write_text(json.dumps(about | {"results": rows}, indent=2) + "\n", encoding="utf-8")
