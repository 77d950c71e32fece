"""The command: a live view until Ctrl-C, or one frame."""

import asyncio
import sys
from typing import Annotated

import typer

from console.failing import failing, until_interrupted
from console.options import ServedOption, StackOption, StateOption
from worlds.paths import CONFIGURATION, LAST_RUN


@failing()
def watch(
    *,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    served: ServedOption = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two readings.")] = 5,
    once: Annotated[
        bool, typer.Option("--once", help="Print one frame; so does output that is no terminal.")
    ] = False,
) -> None:
    """Watch accounts, today's signals, what is unresolved, and heartbeats, until Ctrl-C. It never writes.

    The first reading takes the whole day. Another one takes four requests per account and one, while all is quiet.
    """
    from argo.adapters.clock import SystemClock
    from argo.environment import load_configuration
    from console.deployment import open_deployment
    from console.watch.probes import Probes
    from console.watch.reading import Reader
    from console.watch.view import View

    clock = SystemClock()
    with (
        until_interrupted(),
        open_deployment(state, stack, served) as deployment,
    ):
        probes = Probes(deployment, clock, has_metrics=served is None and stack is not None)
        reader = Reader(deployment, load_configuration(CONFIGURATION), clock, probes)
        local = f"run {state}" if served is None else f"served, {served}"
        view = View(local if served is not None or stack is None else f"stack {stack}", clock)
        asyncio.run(view.print_once(reader) if once or not sys.stdout.isatty() else view.follow(reader, every))
