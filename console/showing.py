"""What playing bars shows: its progress while it lasts, tables or JSON at its end."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import monotonic

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from argo.domain.conservation import AccountSum, Row
from console.summary import row_as_dict
from console.tables import output, reasons_table, signals_table, sums_table
from simulation.market.bar_history import BarHistory, Step
from simulation.market.bars import BarsFileError, load_bars
from worlds.play import Played

_BETWEEN_LOOKS = 0.1
"""Seconds; what nobody can see costs a replay its time."""


def tape_to_play(path: Path, first: date | None, last: date | None) -> BarHistory:
    """Load a bars file up to an exchange date; those before ``first`` are history.

    Raises:
        BarsFileError: it cannot be read, or holds no bar from the first date to the last.
    """
    tape = load_bars(path).between(last=last)
    if not len(tape.between(first)):
        raise BarsFileError(f"{path}: no bars from {first or 'its start'} to {last or 'its end'}")
    return tape


@contextmanager
def progress_bar(messages: Console, steps: int) -> Iterator[Callable[[Step, int], None]]:
    """Show a bar while the block runs; gives what is told each step and the signals so far."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages,
    ) as progress:
        task = progress.add_task("starting", total=steps)
        done, shown_at = 0, 0.0

        def on_step(step: Step, total: int) -> None:
            nonlocal done, shown_at
            done += 1
            if (now := monotonic()) - shown_at >= _BETWEEN_LOOKS or done == steps:
                shown_at = now
                progress.update(task, completed=done, description=f"{step.start:%Y-%m-%d}  {total} signals")

        yield on_step


def show(
    found: Sequence[Row],
    accounts: Sequence[AccountSum],
    played: Played,
    *,
    rows: int,
    as_json: bool,
    told: Mapping[str, object],
    last_words: str,
) -> None:
    """Print what became of the signals: tables and ``last_words``, or JSON with what else is ``told``."""
    if as_json:
        shown = {
            "bars": played.bars,
            **told,
            "signals": [row_as_dict(row) for row in found],
            "accounts": [account.as_dict() for account in accounts],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    screen = output()
    screen.print(signals_table(found[:rows], played.executors, of=len(found), width=screen.width))
    screen.print(sums_table(accounts))
    if (reasons := reasons_table(accounts)) is not None:
        screen.print(reasons)
    screen.print(last_words, highlight=False)
