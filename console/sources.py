"""`argo sources`: hit rate, average R and calibration of every source, from the ledger's records."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from argo.domain.ledger import StoredSignal
from argo.domain.signal_outcome import Ending
from argo.domain.tables import ConfigurationError
from argo.ports import Ledger
from console.deployment import StackOption, StateOption, open_deployment
from console.signals import days_with_records
from console.tables import output, plain_table
from console.track_record import TrackRecord, track_records
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN

_PAGE = 200


def sources(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show how often each source was right, per regime: hit rate, average R, calibration, Brier score.

    Judged are all signals whose outcome in the market is known, whether or not an account traded them. A hit is
    a target met before the stop. Exit code 1 when no signal has an outcome yet.
    """
    messages = Console(stderr=True)
    try:
        with open_deployment(state, stack) as deployment:
            days = days_with_records(deployment.days, begin.date() if begin else None, end.date() if end else None)
            signals = asyncio.run(read_signals(deployment.ledger, days))
    except ConfigurationError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    records = track_records(signals)
    known = sum(stored.outcome is not None and stored.outcome.ending is not Ending.UNSEEN for stored in signals)
    if as_json:
        shown = {"signals": len(signals), "judged": known, "sources": [record.as_dict() for record in records]}
        typer.echo(json.dumps(shown, indent=2))
    elif records:
        screen = output()
        screen.print(record_table(records, judged=known, of=len(signals)))
        screen.print(calibration_table(records))
    if not records:
        messages.print(f"of {len(signals)} signals none has a known outcome yet", style="yellow", highlight=False)
        raise typer.Exit(1)


async def read_signals(ledger: Ledger, days: Iterable[str]) -> list[StoredSignal]:
    """Read every signal of UTC days, in the order of the days, newest first within each."""
    found: list[StoredSignal] = []
    for day in days:
        page = await ledger.signals_of(day, limit=_PAGE)
        found += page.items
        while page.next_token:
            page = await ledger.signals_of(day, limit=_PAGE, token=page.next_token)
            found += page.items
    return found


def record_table(records: Sequence[TrackRecord], *, judged: int, of: int) -> Table:
    """Return a line per source and regime."""
    table = plain_table(f"Sources: {judged} of {of} signals have a known outcome")
    table.add_column("source")
    table.add_column("regime")
    for heading in ("votes", "target", "stop", "expiry", "hit rate", "average R", "Brier"):
        table.add_column(heading, justify="right")
    for record in records:
        table.add_row(
            record.source if record.regime is None else "",
            record.regime or "all",
            str(record.samples),
            *(str(record.ended(ending)) for ending in (Ending.TARGET, Ending.STOP, Ending.EXPIRY)),
            f"{record.hit_rate:.1%}",
            f"{record.average_r:+.2f}",
            f"{record.brier:.3f}",
        )
    return table


def calibration_table(records: Sequence[TrackRecord]) -> Table:
    """Return confidence against frequency, a line per source, regime and range of confidence."""
    table = plain_table("Calibration: what was promised, and how often it came true")
    table.add_column("source")
    table.add_column("regime")
    for heading in ("confidence", "votes", "mean confidence", "came true"):
        table.add_column(heading, justify="right")
    for record in records:
        for number, bucket in enumerate(record.calibration):
            table.add_row(
                record.source if not number and record.regime is None else "",
                (record.regime or "all") if not number else "",
                bucket.name,
                str(bucket.samples),
                f"{bucket.mean_confidence:.1f}%",
                f"{bucket.frequency:.1%}",
            )
    return table
