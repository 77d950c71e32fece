"""`argo dlq`: look at dead letters and put them back."""

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from console.failing import REFUSED, failing
from console.options import StackOption, StateOption
from worlds.paths import LAST_RUN

if TYPE_CHECKING:
    from argo.ports import Message

app = typer.Typer(
    help="Look at dead letters and put them back into their queue.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
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
    from console.deployment import open_deployment
    from console.screen import output
    from console.tables import plain_table

    with open_deployment(state, stack) as deployment:
        found = [_as_dict(message) for message in asyncio.run(deployment.dead_letters(executor).look(limit))]
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
    from console.deployment import open_deployment

    with open_deployment(state, stack) as deployment:
        found = asyncio.run(deployment.dead_letters(executor).look(None))
    message = next((each for each in found if each.message_id == message_id), None)
    if message is None:
        _fail_without(executor, message_id)
    typer.echo(json.dumps(_as_dict(message) | {"body": message.body}, indent=2))


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
    from console.deployment import open_deployment

    with open_deployment(state, stack) as deployment:
        moved = asyncio.run(deployment.dead_letters(executor).redrive(message_id))
    if message_id is not None and not moved:
        _fail_without(executor, message_id)
    typer.echo(f"{len(moved)} put back into the queue of {executor}")


def _fail_without(executor: str, message_id: str) -> NoReturn:
    from console.screen import line

    line(f"{executor} has no dead letter {message_id}", err=True)
    raise typer.Exit(REFUSED)


def _as_dict(message: "Message") -> dict[str, str]:
    sent = datetime.fromtimestamp(int(message.attributes["SentTimestamp"]) / 1_000, UTC)
    said = {name: value.get("StringValue", "") for name, value in message.message_attributes.items()}
    return {
        "message_id": message.message_id,
        "sent_at": f"{sent:%Y-%m-%d %H:%M:%S}",
        "reason": said.get("reason", "received too often"),
        "detail": said.get("detail", ""),
    }
