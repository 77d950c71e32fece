"""The `argo` command's entry point.

Exit codes: 0 done; 1 the sum does not add up, signals were eligible and none became an order, something is broken,
or what was asked for is not there; 2 the input is wrong (an option, a bars file, argo.toml).
"""

from typing import NoReturn

import typer

from console import (
    api_server,
    audit,
    credentials,
    dlq,
    docs,
    flatten,
    replay,
    run,
    serve,
    signals,
    simulate,
    smoke,
    sources,
    status,
    trading_state,
    why,
)
from console.doctor import command as doctor
from console.export import command as export
from console.report import command as report
from console.watch import command as watch

app = typer.Typer(
    name="argo",
    help=(__doc__ or "").partition("\n\n")[2],
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("replay")(replay.replay)
app.command("simulate")(simulate.simulate)
app.command("serve")(serve.serve)
app.command("signals")(signals.signals)
app.command("why")(why.why)
app.command("sources")(sources.sources)
app.command("audit")(audit.audit)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("api")(api_server.api)
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("doctor")(doctor.doctor)
app.command("smoke")(smoke.smoke)
app.add_typer(credentials.app, name="credentials")
app.command("halt")(trading_state.halt)
app.command("reduce")(trading_state.reduce)
app.command("resume")(trading_state.resume)
app.command("flatten")(flatten.flatten)
app.add_typer(dlq.app, name="dlq")
app.command("docs", hidden=True)(docs.docs)


def main() -> NoReturn:
    """Run the command."""
    app()
    raise SystemExit(0)
