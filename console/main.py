"""The `argo` command's entry point.

Exit codes: 0 done; 1 the sum does not add up, signals were eligible and none became an order, something is broken,
or what was asked for is not there; 2 the input is wrong (an option, a bars file, argo.toml).
"""

from typing import NoReturn

import typer

from console.lazy import CommandByName, Commands, imported

COMMANDS = {
    "run": ("console.run", "Play bars through the real handlers on embedded AWS and a simulated broker."),
    "replay": (
        "console.replay",
        "Play bars through the real handlers in memory: no AWS, no HTTP, no waiting.",
    ),
    "simulate": (
        "console.simulate",
        "Run the whole path from signal to order under faults, on virtual time, and check that every rule holds.",
    ),
    "serve": (
        "console.serve",
        "Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.",
    ),
    "signals": (
        "console.signals",
        "List signals, newest first, with state and order id or reason per account.",
    ),
    "why": (
        "console.why",
        "Explain what became of one signal: votes, gate, size, order as sent, answers, transitions.",
    ),
    "sources": (
        "console.sources",
        "Show how often each source was right, per regime: hit rate, average R, calibration, Brier score.",
    ),
    "audit": (
        "console.audit",
        "Check that every signal of a period ended with an order or a reason, per account.",
    ),
    "report": (
        "console.report.command",
        "Write a page with every account's figures, equity, signals on price, trades and sources.",
    ),
    "export": (
        "console.export.command",
        "Write signals, and trades (a signal at an account), as CSV or Parquet, newest first.",
    ),
    "api": ("console.api", "Serve the HTTP API on loopback, without signatures, until Ctrl-C."),
    "status": (
        "console.status",
        "Show each account: trading state, equity, room under its limits, positions, open executions, heartbeat.",
    ),
    "watch": (
        "console.watch.command",
        "Watch accounts, today's signals, what is unresolved, and heartbeats, until Ctrl-C. It never writes.",
    ),
    "doctor": (
        "console.doctor.command",
        "Look at everything that Argo needs, and say what is broken and what to do about it.",
    ),
    "smoke": (
        "console.smoke",
        "Send a dry-run signal through a deployed stack and wait until every account has denied it.",
    ),
    "halt": (
        "console.trading_state",
        "Halt an account: no new entries until it is resumed; exits and cancellations still pass.",
    ),
    "reduce": ("console.trading_state", "Let an account only close what it holds."),
    "resume": (
        "console.trading_state",
        "Let an account trade again. A limit that is still used up halts it again.",
    ),
    "flatten": (
        "console.flatten",
        "Close what an account holds: the next reconciler run cancels its orders, confirms, and sells what is "
        "held.",
    ),
    "docs": (
        "console.docs",
        "Write docs/reference.md, policies.md and proof.md from the code.",
    ),
    "credentials": ("console.credentials", "Store an account's key at the broker."),
    "dlq": ("console.dlq", "Look at dead letters and put them back into their queue."),
}
"""Every command's module and its first line, in the order of the help, which imports none of them."""

_HIDDEN = frozenset({"docs"})

app = typer.Typer(
    name="argo",
    cls=Commands,
    help=(__doc__ or "").partition("\n\n")[2],
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_where, _first_line) in COMMANDS.items():
    app.command(_name, cls=CommandByName, help=_first_line, hidden=_name in _HIDDEN)(imported(_name, _where))


def main() -> NoReturn:
    """Run the command."""
    app()
    raise SystemExit(0)
