"""`argo dlq`: look at dead letters and put them back."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.failing import REFUSED, failing
from console.options import StackOption, StateOption
from worlds.paths import LAST_RUN

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from console.dead_letters import DeadLetters

app = typer.Typer(
    help="Look at dead letters and put them back into their queue.", no_args_is_help=True, add_completion=False
)

ExecutorArgument = Annotated[str, typer.Argument(help="The account, e.g. argo.")]


@app.command("list")
@failing()
def list_(
    executor: ExecutorArgument,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Messages at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List an account's dead letters with the reason each is there; they stay where they are."""
    from console.dead_letters import as_dict
    from console.tables import output, plain_table

    with _letters(executor, state, stack) as letters:
        found = [as_dict(message) for message in asyncio.run(letters.look(limit))]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = plain_table(
        f"Dead letters of {executor}: {len(found)}", "sent (UTC)", "message id", "reason", "detail"
    )
    for letter in found:
        table.add_row(letter["sent_at"], letter["message_id"], letter["reason"], letter["detail"])
    output().print(table)


@app.command()
@failing()
def show(
    executor: ExecutorArgument,
    message_id: Annotated[str, typer.Argument(help="The message's id, as `argo dlq list` shows it.")],
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Print one dead letter whole, body and attributes, as JSON."""
    from console.dead_letters import as_dict

    with _letters(executor, state, stack) as letters:
        found = asyncio.run(letters.look(None))
    for message in found:
        if message.message_id == message_id:
            typer.echo(json.dumps(as_dict(message) | {"body": message.body}, indent=2))
            return
    _none(executor, message_id)


@app.command()
@failing()
def redrive(
    executor: ExecutorArgument,
    message_id: Annotated[str | None, typer.Argument(help="One message; default: all.")] = None,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Put dead letters back into the account's queue.

    Safe to repeat: ids are derived and expiry is checked again, so nothing is ordered twice or too late.
    """
    with _letters(executor, state, stack) as letters:
        moved = asyncio.run(letters.redrive(message_id))
    if message_id is not None and not moved:
        _none(executor, message_id)
    typer.echo(f"{len(moved)} put back into the queue of {executor}")


def _letters(executor: str, state: Path, stack: str | None) -> "AbstractContextManager[DeadLetters]":
    from console.dead_letters import letters_of

    return letters_of(executor, state, stack)


def _none(executor: str, message_id: str) -> None:
    typer.echo(f"{executor} has no dead letter {message_id}", err=True)
    raise typer.Exit(REFUSED)
