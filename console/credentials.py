"""`argo credentials`: an account's key at the broker, put into the parameter store and never shown."""

from typing import Annotated

import typer

from console.failing import REFUSED, fail, failing
from console.options import AccountArgument

app = typer.Typer(
    help="Store an account's key at the broker.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.callback()
def _group() -> None:
    """Keep `set` a command of its own while it is the only one."""


@app.command("set")
@failing(soft_wrap=True)
def set_(
    executor: AccountArgument,
    stack: Annotated[str | None, typer.Option(help="The deployed stack.", envvar="ARGO_STACK")] = None,
    environment: Annotated[
        str | None,
        typer.Option(help="Before the first deployment: dev or prod, as samconfig.toml has them."),
    ] = None,
    check: Annotated[bool, typer.Option(help="Try the key at the broker, and store it only if it works.")] = True,
) -> None:
    """Store an account's key where its functions read it.

    Asks for key id and secret; from a pipe, they are its first two lines. The secret is shown nowhere.
    """
    from argo.domain.faults import BrokerFault
    from console import keys
    from console.stacks import aws_clients

    clients = aws_clients()
    target = keys.target_of(clients, executor, stack, environment)
    credentials = keys.ask(executor, target)
    try:
        if check:
            typer.echo(keys.tried(credentials, target))
    except BrokerFault as refusal:
        said = f"the broker does not take the key: {refusal.message}; nothing was stored"
        fail(f"{said} (--no-check stores a key that has not been tried)", REFUSED, soft_wrap=True)
    keys.store(clients("ssm"), target, credentials)
    typer.echo(f"stored in {target.parameter}")
    typer.echo("A function that runs already reads it as soon as the broker refuses the key it has.")
    typer.echo("While that one still works, it is kept until the process ends, which may take hours.")
    selection = f" --stack {stack}" if stack else ""
    resume = f'argo resume {executor} --reason "new key"{selection}'
    typer.echo(f"If the old key was refused, {executor} has halted: {resume}")
