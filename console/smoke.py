"""`argo smoke`: a dry-run signal through a deployed stack."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from console.failing import REFUSED, WRONG_INPUT, fail

_PATIENCE = 120
"""Seconds: every function may start cold, and the event source mapping may have slept."""


def smoke(
    stack: Annotated[str, typer.Option("--stack", help="The deployed stack.", envvar="ARGO_STACK")],
    seconds: Annotated[int, typer.Option(min=1, help="How long to wait for every account's end.")] = _PATIENCE,
) -> None:
    """Send a dry-run signal through a deployed stack and wait until every account has denied it.

    It goes where every signal goes: ledger, queues, event source mappings, executors, ledger. It can never become
    an order. Exit code 1 when an account does not come to that end in time.
    """
    from argo.domain.tables import ConfigurationError
    from console.dry_run import adapters_of, send_through

    try:
        adapters = adapters_of(stack)
        signal, verdicts = asyncio.run(
            send_through(adapters.ledger, adapters.queues, adapters.clock, patience=timedelta(seconds=seconds))
        )
    except ConfigurationError as error:
        fail(error, WRONG_INPUT, soft_wrap=True)
    typer.echo(f"dry run {signal.signal_id} through {stack}")
    for verdict in verdicts:
        typer.echo(f"{'ok' if verdict.passed else 'FAILED':<8}{verdict}")
    if not all(verdict.passed for verdict in verdicts):
        typer.echo(f"what stands in the way: argo doctor --stack {stack}")
        typer.echo(f"how far it came: argo why {signal.signal_id} --stack {stack}")
        raise typer.Exit(REFUSED)
    typer.echo(f"the way through {stack} is open: {len(verdicts)} accounts took the dry run and denied it")
