"""The `argo` command's entry point: its commands are imported when they are called.

Exit codes: 0 done; 1 the sum does not add up, signals were eligible and none became an order, something is broken,
or what was asked for is not there; 2 the input is wrong (an option, a bars file, argo.toml).
"""

from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS = {
    "run": "Play bars through the pipeline on an embedded AWS.",
    "replay": "Play bars through the pipeline in memory, in seconds.",
    "simulate": "Run the whole path under faults, and check every rule.",
    "serve": "Serve AWS and a broker to `sam local invoke`, until Ctrl-C.",
    "signals": "List signals with order ids or reasons, newest first.",
    "why": "Explain what became of one signal, step by step.",
    "sources": "Show how often each source was right, per regime.",
    "audit": "Check that every signal of a period came to its end.",
    "report": "Write a page: figures, equity, signals on price, trades.",
    "export": "Write signals and trades as CSV or Parquet.",
    "api": "Serve the HTTP API on loopback, until Ctrl-C.",
    "status": "Show each account: state, equity, limits, positions.",
    "watch": "Watch accounts and today's signals; it never writes.",
    "doctor": "Look at everything Argo needs, and say what to mend.",
    "smoke": "Send a dry run through a deployed stack.",
    "halt": "Halt an account: no new entries until it is resumed.",
    "reduce": "Let an account only close what it holds.",
    "resume": "Let an account trade again.",
    "flatten": "Close what an account holds.",
    "docs": "Write the generated pages of docs/.",
    "template": "Write template.yaml for the accounts of argo.toml.",
    "credentials": "Store an account's key at the broker.",
    "dlq": "Look at dead letters and put them back into their queue.",
}
"""What each command does, in the order of the help, which imports none of them."""

MODULES = {
    **{name: f"console.{name}" for name in COMMANDS},
    **{name: f"console.{name}.command" for name in ("report", "export", "watch")},
    **dict.fromkeys(("run", "replay"), "console.play"),
    **dict.fromkeys(("signals", "why", "audit", "status", "api"), "console.ledger_commands"),
    **dict.fromkeys(("doctor", "smoke", "halt", "reduce", "resume", "flatten"), "console.operator_commands"),
}
"""Where a command is: the module's function of its name, or its ``app`` of several commands."""


class Commands(TyperGroup):
    """All commands, which cost what the one that is called imports."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as click's
        """Leave all to the command where no option comes before it: for those Typer imports much of pydantic."""
        if not args or args[0].startswith("-"):
            return super().parse_args(ctx, args)
        ctx.args = ctx.obj = args
        return args

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401
        name, listed, rest = super().resolve_command(ctx, args)
        if name is None or listed is None:
            return name, listed, rest
        module = import_module(MODULES[name])
        found = getattr(module, "app", None)
        if found is None:
            found = typer.Typer(add_completion=False, rich_markup_mode=None)
            found.command(name)(getattr(module, name))
        return name, get_command(found), rest

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as click's
        if ctx.obj is None:
            return super().invoke(ctx)
        with ctx:
            name, command, rest = self.resolve_command(ctx, ctx.obj)
            with command.make_context(name, rest, parent=ctx) as context:
                return command.invoke(context)


app = typer.Typer(
    name="argo",
    cls=Commands,
    help=(__doc__ or "").partition("\n\n")[2],
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich, Pygments and a Markdown parser are half of what `argo --help` would wait for.
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line, hidden=_name in {"docs", "template"})(lambda: None)


def main() -> NoReturn:
    app()
    raise SystemExit(0)
