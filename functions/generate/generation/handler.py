"""The generate function: a scheduler's tick in, signals in the ledger and in every account's queue out.

Integrations: EventBridge Scheduler, Alpaca's market data API, DynamoDB, SQS. Ticks come at least once and may
overlap: ids are derived and the put is conditional, so the same bar gives the same signal. Raising loses a tick,
not a signal: the next one finds the same bars and the outbox.
"""

import os
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from argo.adapters.clock import SystemClock
from argo.environment import Environment
from argo.runtime import run
from generation.cycle import run_cycles
from generation.tick import read_tick
from generation.wiring import Wiring, from_environment

_RESERVE = timedelta(seconds=12)
"""Time kept for the last cycle: a market-data call at its timeout and the writes after it."""


async def generate(event: dict[str, Any], wiring: Wiring, *, time_left: timedelta) -> dict[str, object]:
    """Run the cycles of one tick and report them."""
    tick = read_tick(event)
    until = wiring.clock.now() + min(tick.budget, max(time_left - _RESERVE, timedelta()))
    report = await run_cycles(wiring, tick.shard.of(wiring.configuration.watchlist), until=until)
    return report.as_dict()


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:
    """Run cycles until the minute ends or the deadline nears."""
    wiring = _wiring()
    time_left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    try:
        return run(generate(event, wiring, time_left=time_left))
    finally:
        wiring.telemetry.flush()


@cache
def _wiring() -> Wiring:
    return from_environment(Environment(os.environ), SystemClock())
