"""The `argo` command's entry point: its commands are imported when they are called.

Exit codes: 0 done; 1 the sum does not add up, signals were eligible and none became an order, something is broken,
or what was asked for is not there; 2 the input is wrong (an option, a bars file, argo.toml).
"""

import sys
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from console.help import draw_abort, draw_error, draw_help

COMMANDS = {
    "run": "Play bars through the real handlers on embedded AWS and a simulated broker.",
    "replay": "Play bars through the real handlers in memory: no AWS, no HTTP, no waiting.",
    "simulate": (
        "Run the whole path from signal to order under faults, on virtual time, and check that every rule holds."
    ),
    "serve": "Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.",
    "signals": "List signals, newest first, with state and order id or reason per account.",
    "why": "Explain what became of one signal: votes, gate, size, order as sent, answers, transitions.",
    "sources": "Show how often each source was right, per regime: hit rate, average R, calibration, Brier score.",
    "audit": "Check that every signal of a period ended with an order or a reason, per account.",
    "report": "Write a page with every account's figures, equity, signals on price, trades and sources.",
    "export": "Write signals, and trades (a signal at an account), as CSV or Parquet, newest first.",
    "api": "Serve the HTTP API on loopback, without signatures, until Ctrl-C.",
    "status": (
        "Show each account: trading state, equity, room under its limits, positions, open executions, heartbeat."
    ),
    "watch": "Watch accounts, today's signals, what is unresolved, and heartbeats, until Ctrl-C. It never writes.",
    "doctor": "Look at everything that Argo needs, and say what is broken and what to do about it.",
    "smoke": "Send a dry-run signal through a deployed stack and wait until every account has denied it.",
    "halt": "Halt an account: no new entries until it is resumed; exits and cancellations still pass.",
    "reduce": "Let an account only close what it holds.",
    "resume": "Let an account trade again. A limit that is still used up halts it again.",
    "flatten": (
        "Close what an account holds: the next reconciler run cancels its orders, confirms, and sells "
        "what is held."
    ),
    "docs": "Write docs/keys.md, reference.md, policies.md and proof.md from the code.",
    "template": "Write template.yaml, samconfig.toml's parameters and the sample's accounts from argo.toml.",
    "credentials": "Store an account's key at the broker.",
    "dlq": "Look at dead letters and put them back into their queue.",
}
"""Every command's first line, in the order of the help, which imports none of them."""

MODULES = {
    **{name: f"console.{name}" for name in COMMANDS},
    **{name: f"console.{name}.command" for name in ("report", "export", "watch")},
    **dict.fromkeys(("run", "replay"), "console.play"),
    **dict.fromkeys(("signals", "why", "audit", "status", "api"), "console.ledger_commands"),
    **dict.fromkeys(("doctor", "smoke", "halt", "reduce", "resume", "flatten"), "console.operator_commands"),
}
"""Where a command is: the module's function of its name, or its ``app`` of several commands."""


class Commands(TyperGroup):
    """All commands, under help and errors that cost little."""

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
            found = typer.Typer(add_completion=False)
            found.command(name)(getattr(module, name))
        return name, get_command(found), rest

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as click's
        if ctx.obj is None:
            return super().invoke(ctx)
        with ctx:
            name, command, rest = self.resolve_command(ctx, ctx.obj)
            with command.make_context(name, rest, parent=ctx) as context:
                return command.invoke(context)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as click's
        draw_help(self, ctx)

    def main(self, *arguments: Any, **options: Any) -> NoReturn:  # noqa: ANN401 - as click's
        try:
            sys.exit(super().main(*arguments, **(options | {"standalone_mode": False})))
        except typer.TyperException as error:
            draw_error(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            draw_abort()
            sys.exit(1)


app = typer.Typer(
    name="argo",
    cls=Commands,
    help=(__doc__ or "").partition("\n\n")[2],
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line, hidden=_name in {"docs", "template"})(lambda: None)


def main() -> NoReturn:
    app()
    raise SystemExit(0)
