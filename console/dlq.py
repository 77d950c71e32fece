"""`argo dlq`: look at dead letters and put them back."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from argo.adapters.aws.queue import Message
from argo.domain.tables import ConfigurationError
from console.dead_letters import DeadLetters
from console.deployment import StackOption, StateOption, open_deployment
from console.tables import output, plain_table
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN

_NOT_FOUND = 1
_WRONG_INPUT = 2

app = typer.Typer(
    help="Look at dead letters and put them back into their queue.", no_args_is_help=True, add_completion=False
)

ExecutorArgument = Annotated[str, typer.Argument(help="The account, e.g. argo.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list")
def list_(
    executor: ExecutorArgument,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Messages at most.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List an account's dead letters with the reason each is there; they stay where they are."""
    found = _with_letters(lambda letters: asyncio.run(letters.look(limit)), executor, state, stack)
    if as_json:
        typer.echo(json.dumps([_as_dict(message) for message in found], indent=2))
        return
    table = plain_table(
        f"Dead letters of {executor}: {len(found)}", "sent (UTC)", "message id", "reason", "detail"
    )
    for message in found:
        letter = _as_dict(message)
        table.add_row(letter["sent_at"], letter["message_id"], letter["reason"], letter["detail"])
    output().print(table)


@app.command()
def show(
    executor: ExecutorArgument,
    message_id: Annotated[str, typer.Argument(help="The message's id, as `argo dlq list` shows it.")],
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Print one dead letter whole, body and attributes, as JSON."""
    found = _with_letters(lambda letters: asyncio.run(letters.look(None)), executor, state, stack)
    for message in found:
        if message.message_id == message_id:
            typer.echo(json.dumps(_as_dict(message) | {"body": message.body}, indent=2))
            return
    typer.echo(f"{executor} has no dead letter {message_id}", err=True)
    raise typer.Exit(_NOT_FOUND)


@app.command()
def redrive(
    executor: ExecutorArgument,
    message_id: Annotated[str | None, typer.Argument(help="One message; default: all.")] = None,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Put dead letters back into the account's queue.

    Safe to repeat: ids are derived and expiry is checked again, so nothing is ordered twice or too late.
    """
    moved = _with_letters(lambda letters: asyncio.run(letters.redrive(message_id)), executor, state, stack)
    if message_id is not None and not moved:
        typer.echo(f"{executor} has no dead letter {message_id}", err=True)
        raise typer.Exit(_NOT_FOUND)
    typer.echo(f"{len(moved)} put back into the queue of {executor}")


def _with_letters[T](act: Callable[[DeadLetters], T], executor: str, state: Any, stack: str | None) -> T:  # noqa: ANN401 - Typer's path
    try:
        with open_deployment(state, stack) as deployment:
            return act(DeadLetters(deployment.dead_letters(executor), deployment.queue(executor)))
    except (ConfigurationError, EmbeddedAwsError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error


def _as_dict(message: Message) -> dict[str, str]:
    sent = datetime.fromtimestamp(int(message.attributes["SentTimestamp"]) / 1_000, UTC)
    said = {name: value.get("StringValue", "") for name, value in message.message_attributes.items()}
    return {
        "message_id": message.message_id,
        "sent_at": f"{sent:%Y-%m-%d %H:%M:%S}",
        "reason": said.get("reason", "received too often"),
        "detail": said.get("detail", ""),
    }
