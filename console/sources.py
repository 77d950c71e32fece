"""`argo sources`: hit rate, average R and calibration of every source, from the ledger's records."""

import asyncio
import json
from dataclasses import asdict

import typer

from console.failing import REFUSED, fail, failing
from console.options import FromDayOption, StackOption, StateOption, TablesAsJsonOption, ToDayOption
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
    from argo import records
    from argo.domain.signal import Ending
    from console.deployment import open_deployment
    from console.source_tables import calibration_table, record_table
    from console.tables import output
    from console.track_record import track_records

    with open_deployment(state, stack) as deployment:
        signals = asyncio.run(records.signals_of_days(deployment.ledger, deployment.days_from(begin, end)))
    found = track_records(signals)
    known = sum(stored.outcome is not None and stored.outcome.ending is not Ending.UNSEEN for stored in signals)
    if as_json:
        shown = {"signals": len(signals), "judged": known, "sources": [asdict(record) for record in found]}
        typer.echo(json.dumps(shown, indent=2))
    elif found:
        screen = output()
        screen.print(record_table(found, judged=known, of=len(signals)))
        screen.print(calibration_table(found))
    if not found:
        fail(f"of {len(signals)} signals none has a known outcome yet", REFUSED, style="yellow")
