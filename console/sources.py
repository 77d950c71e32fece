"""`argo sources`: hit rate, average R and calibration of every source, from the ledger's records."""

import asyncio
import json
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from argo import records
from argo.domain.signal_outcome import Ending
from console.deployment import open_deployment
from console.failing import REFUSED, failing
from console.options import FromDayOption, StackOption, StateOption, TablesAsJsonOption, ToDayOption
from console.tables import output, percent, plain_table
from console.track_record import TrackRecord, track_records
from worlds.paths import LAST_RUN


@failing(emulator=REFUSED)
def sources(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: FromDayOption = None,
    end: ToDayOption = None,
    as_json: TablesAsJsonOption = False,
) -> None:
    """Show how often each source was right, per regime: hit rate, average R, calibration, Brier score.

    Judged are all signals whose outcome in the market is known, whether or not an account traded them. A hit is
    a target met before the stop. Exit code 1 when no signal has an outcome yet.
    """
    with open_deployment(state, stack) as deployment:
        signals = asyncio.run(records.signals_of_days(deployment.ledger, deployment.days_from(begin, end)))
    found = track_records(signals)
    known = sum(stored.outcome is not None and stored.outcome.ending is not Ending.UNSEEN for stored in signals)
    if as_json:
        shown = {"signals": len(signals), "judged": known, "sources": [record.as_dict() for record in found]}
        typer.echo(json.dumps(shown, indent=2))
    elif found:
        screen = output()
        screen.print(record_table(found, judged=known, of=len(signals)))
        screen.print(calibration_table(found))
    if not found:
        said = f"of {len(signals)} signals none has a known outcome yet"
        Console(stderr=True).print(said, style="yellow", highlight=False)
        raise typer.Exit(REFUSED)


def record_table(found: Sequence[TrackRecord], *, judged: int, of: int) -> Table:
    """Return a line per source and regime."""
    figures = (">votes", ">target", ">stop", ">expiry", ">hit rate", ">average R", ">Brier")
    rows = (
        (
            record.source if record.regime is None else "",
            record.regime or "all",
            str(record.samples),
            *(str(record.ended(ending)) for ending in (Ending.TARGET, Ending.STOP, Ending.EXPIRY)),
            percent(record.hit_rate),
            f"{record.average_r:+.2f}",
            f"{record.brier:.3f}",
        )
        for record in found
    )
    title = f"Sources: {judged} of {of} signals have a known outcome"
    return plain_table(title, "source", "regime", *figures, rows=rows)


def calibration_table(found: Sequence[TrackRecord]) -> Table:
    """Return confidence against frequency, a line per source, regime and range of confidence."""
    figures = (">confidence", ">votes", ">mean confidence", ">came true")
    rows = (
        (
            record.source if not number and record.regime is None else "",
            (record.regime or "all") if not number else "",
            bucket.name,
            str(bucket.samples),
            f"{bucket.mean_confidence:.1f}%",
            percent(bucket.frequency),
        )
        for record in found
        for number, bucket in enumerate(record.calibration)
    )
    title = "Calibration: what was promised, and how often it came true"
    return plain_table(title, "source", "regime", *figures, rows=rows)
