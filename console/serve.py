"""`argo serve`: embedded AWS and a simulated broker that functions in containers can talk to."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from console.failing import REFUSED, failing, until_interrupted
from worlds.paths import DOCKER, LOOPBACK, SAMPLE_TO


@failing(ValueError, OSError, emulator=REFUSED)
def serve(
    bars: Annotated[
        Path | None, typer.Option(help="OHLCV file that fits argo.toml; default: the sample's daily bars.")
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], help=f"Last exchange date; default of the sample: {SAMPLE_TO}."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help=f"Loopback or private address to listen on; `{DOCKER}`: where containers reach it.")
    ] = LOOPBACK,
    state: Annotated[Path, typer.Option(help="Directory for the ledger, begun anew.")] = Path(".argo/served"),
    env_vars: Annotated[Path, typer.Option(help="File to write for `sam local invoke --env-vars`.")] = Path(
        ".argo/sam-env.json"
    ),
    command: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: serve while this command runs, pointed here; exit with its code."),
    ] = None,
) -> None:
    """Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.

    The bars are moved in time so that the last has just closed; prices stand still at its close, the market is
    always open. The ledger stays in --state, for `argo signals`; the broker's orders end with it.
    """
    from console import serving
    from console.runs import RunRecord
    from worlds.containers import served, traded_market

    aws = RunRecord(state).aws
    history, local, in_container = traded_market(bars, end.date() if end else None)
    shutil.rmtree(aws, ignore_errors=True)  # The broker begins anew, so does the ledger.
    with (
        until_interrupted(),
        served(history, local, config_path=in_container, host=host, state=aws) as running,
        serving.written(env_vars, running.env_vars),
    ):
        asyncio.run(serving.publish_samples(running))
        serving.tell(running, history, env_vars=env_vars, state=state)
        if command:
            raise typer.Exit(serving.run(command, running))
        Event().wait()
