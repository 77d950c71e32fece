"""`argo api`: the HTTP API on this machine, the function's own handler behind a door on loopback."""

from typing import Annotated

import typer

from console.failing import failing, until_interrupted
from console.options import ConfigOption, ServedOption, StateOption
from worlds.paths import CONFIGURATION, LAST_RUN


@failing(OSError)
def api(
    state: StateOption = LAST_RUN,
    served: ServedOption = None,
    config: ConfigOption = CONFIGURATION,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for a free one.")] = 8080,
) -> None:
    """Serve the HTTP API on loopback, without signatures, until Ctrl-C.

    It reads and writes the ledger of --state; nothing executes there, so POST execute answers 202.
    """
    from console.api_server import serve_ledger
    from console.deployment import open_deployment
    from console.watch.served import served_deployment

    with until_interrupted():
        if served is not None:
            serve_ledger(served_deployment(served), config, port)
            return
        with open_deployment(state) as deployment:
            serve_ledger(deployment, config, port)
