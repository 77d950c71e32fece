"""What a ledger's records say: `argo signals`, `why`, `audit` and `status`, and over HTTP `api`."""

import asyncio
import json
from typing import Annotated

import typer

from console.failing import REFUSED, fail, failing, until_interrupted
from console.options import (
    ConfigOption,
    FromDayOption,
    JsonOption,
    ServedOption,
    StackOption,
    StateOption,
    TableOption,
    TablesAsJsonOption,
    ToDayOption,
)
from worlds.paths import CONFIGURATION, LAST_RUN


@failing(emulator=REFUSED)
def signals(
    *,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: FromDayOption = None,
    end: ToDayOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Signals to show.")] = 50,
    as_json: TablesAsJsonOption = False,
) -> None:
    """List signals, newest first, with state and order id or reason per account.

    The sums cover every signal of the days asked for: of a local run all, of a deployed ledger the last week.
    """
    from argo.domain.conservation import sums
    from console.deployment import open_deployment
    from console.outcomes import show_json, show_tables

    with open_deployment(state, stack) as deployment:
        found, executors = asyncio.run(deployment.records(begin, end)), deployment.executors
    if as_json:
        show_json(found[:limit], sums(found, executors))
    else:
        show_tables(found, sums(found, executors), most=limit)


@failing()
def why(
    signal_id: Annotated[str, typer.Argument(help="The signal's id: 24 hexadecimal digits.")],
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False,
) -> None:
    """Explain what became of one signal: votes, gate, size, order as sent, answers, transitions.

    Exit code 1 when the ledger knows no such signal.
    """
    from argo.records import one
    from console.deployment import open_deployment
    from console.screen import output
    from console.why import as_dict, explained

    with open_deployment(state, stack) as deployment:
        record = asyncio.run(one(deployment.ledger, signal_id))
    if record is None:
        hint = "argo signals lists the ids, of 24 hexadecimal digits"
        fail(f"the ledger has no signal {signal_id}: {hint}", REFUSED, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(as_dict(record), indent=2))
        return
    screen = output()
    for part in explained(record):
        screen.print(part, highlight=False, soft_wrap=isinstance(part, str))


@failing()
def audit(
    begin: Annotated[
        str | None, typer.Option("--from", help="First UTC day or time: 2026-11-20, 2026-11-20T14:30.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last UTC day, inclusive, or time.")] = None,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that every signal of a period ended with an order or a reason, per account.

    Lists what is unresolved with its age and last obstacle, and why an account placed no order. Exit code 1 when
    the sum does not add up, or when signals were eligible at an account and it placed none. Without a period: of
    a local run everything, of a deployed ledger the last week.
    """
    from console.audit import as_dict, audited, period, show
    from console.deployment import open_deployment

    first, last = period(begin, end)
    with open_deployment(state, stack) as deployment:
        read = asyncio.run(deployment.records(first, last))
        found = audited(read, deployment.executors, first, last, read.unreadable)
    if as_json:
        typer.echo(json.dumps(as_dict(found), indent=2))
    else:
        show(found)
    if not found.adds_up:
        raise typer.Exit(REFUSED)


@failing()
def status(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each account: trading state, equity, room under its limits, positions, open executions, heartbeat.

    All of it is the ledger's record, which the reconciler brings up to the broker every minute.
    """
    from argo.environment import load_configuration
    from console.deployment import open_deployment
    from console.screen import output
    from console.status import panel, read

    with open_deployment(state, stack, table=table) as deployment:
        accounts = asyncio.run(read(deployment, load_configuration(CONFIGURATION)))
    if as_json:
        typer.echo(json.dumps([account.as_dict() for account in accounts], indent=2))
        return
    screen = output()
    for account in accounts:
        screen.print(panel(account))


@failing(OSError)
def api(
    state: StateOption = LAST_RUN,
    served: ServedOption = None,
    config: ConfigOption = CONFIGURATION,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for a free one.")] = 8080,
) -> None:
    """Serve the HTTP API on loopback, without signatures, until Ctrl-C.

    It reads and writes the ledger of --state; nothing executes there, so POST execute answers 202.
    """
    from console.api_server import serve_ledger
    from console.deployment import open_deployment

    with until_interrupted(), open_deployment(state, served=served) as deployment:
        serve_ledger(deployment, config, port)
