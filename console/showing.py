"""What playing bars shows: its progress while it lasts, tables or JSON at its end, and its report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from argo.adapters.clock import SystemClock
from argo.domain.conservation import sums
from console.outcomes import show_json, show_tables
from console.playing import Done, OnStep
from console.report.page import page, write
from console.tables import output
from simulation.market.bar_history import BarHistory, Step

_BETWEEN_LOOKS = 0.1
"""Seconds; what nobody can see costs a replay its time."""


@contextmanager
def progress_bar(steps: int) -> Iterator[OnStep]:
    """Show a bar while the block runs; gives what is told each step and the signals so far."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=steps)
        done, shown_at = 0, 0.0

        def on_step(step: Step, total: int) -> None:
            nonlocal done, shown_at
            done += 1
            if (now := monotonic()) - shown_at >= _BETWEEN_LOOKS or done == steps:
                shown_at = now
                progress.update(task, completed=done, description=f"{step.start:%Y-%m-%d}  {total} signals")

        yield on_step


def write_page(path: Path, done: Done, subject: str, traded: BarHistory) -> None:
    """Write the report of what was played.

    Raises:
        OSError: it cannot be written.
    """
    now = SystemClock().now()
    write(path, page(done.reading, subject=subject, written_at=now, history=traded, virtual_time=True))


def show(done: Done, *, rows: int, as_json: bool, told: Mapping[str, object], last_words: str) -> None:
    """Print what became of the signals: tables and ``last_words``, or JSON with what else is ``told``.

    Raises:
        Exit: with 1, where the sum does not add up or eligible signals became no order.
    """
    found, accounts = done.reading.records, sums(done.reading.records, done.played.executors)
    if as_json:
        show_json(found, accounts, bars=done.played.bars, **told)
    else:
        show_tables(found, accounts, executors=done.played.executors, most=rows)
        output().print(last_words, highlight=False)
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)
