"""`argo sources`: hit rate, average R and calibration of every source, from the ledger's records."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from console.failing import REFUSED, fail, failing
from console.options import FromDayOption, StackOption, StateOption, TablesAsJsonOption, ToDayOption
from worlds.paths import LAST_RUN

if TYPE_CHECKING:
    from rich.table import Table

    from console.track_record import TrackRecord


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
    from argo import records
    from argo.domain.signal import Ending
    from console.deployment import open_deployment
    from console.screen import output
    from console.track_record import track_records

    with open_deployment(state, stack) as deployment:
        signals = asyncio.run(records.signals_of_days(deployment.ledger, deployment.days_from(begin, end)))
    found = track_records(signals)
    known = sum(stored.outcome is not None and stored.outcome.ending is not Ending.UNSEEN for stored in signals)
    if as_json:
        shown = {"signals": len(signals), "judged": known, "sources": [asdict(record) for record in found]}
        typer.echo(json.dumps(shown, indent=2))
    elif found:
        output().print(*tables(found, judged=known, of=len(signals)))
    if not found:
        fail(f"of {len(signals)} signals none has a known outcome yet", REFUSED, style="yellow")


def tables(found: "Sequence[TrackRecord]", *, judged: int, of: int) -> "tuple[Table, Table]":
    """Return a line per source and regime, and a line for each of their ranges of confidence."""
    from console.tables import percent, plain_table

    records = (
        (
            record.source if record.regime is None else "",
            record.regime or "all",
            str(record.samples),
            *(str(count) for count in (record.target, record.stop, record.expiry)),
            percent(record.hit_rate),
            f"{record.average_r:+.2f}",
            f"{record.brier:.3f}",
        )
        for record in found
    )
    ranges = (
        (
            record.source if not number and record.regime is None else "",
            (record.regime or "all") if not number else "",
            bucket.confidence,
            str(bucket.samples),
            f"{bucket.mean_confidence:.1f}%",
            percent(bucket.frequency),
        )
        for record in found
        for number, bucket in enumerate(record.calibration)
    )
    figures = (">votes", ">target", ">stop", ">expiry", ">hit rate", ">average R", ">Brier")
    title = f"Sources: {judged} of {of} signals have a known outcome"
    promised = (">confidence", ">votes", ">mean confidence", ">came true")
    calibration = "Calibration: what was promised, and how often it came true"
    return (
        plain_table(title, "source", "regime", *figures, rows=records),
        plain_table(calibration, "source", "regime", *promised, rows=ranges),
    )
