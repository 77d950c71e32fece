"""The generate function: a scheduler's tick in, signals in the ledger and in every account's queue out.

Integrations: EventBridge Scheduler, Alpaca's market data API, DynamoDB, SQS. Ticks come at least once and may
overlap: ids are derived and the put is conditional, so the same bar gives the same signal. Raising loses a tick,
not a signal: the next one finds the same bars and the outbox.
"""

from argo import cold_start  # first: see there

# isort: split
import os
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from argo.adapters.clock import SystemClock
from argo.environment import Environment
from argo.runtime import invocation, run
from generation.cycle import generate
from generation.wiring import Wiring, from_environment


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:
    """Run cycles until the next tick's function takes over or the deadline nears."""
    wiring = _wiring()
    time_left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    with invocation(wiring.ports.telemetry, context):
        return run(generate(event, wiring, time_left=time_left))


@cache
def _wiring() -> Wiring:
    with cold_start.ending():
        return from_environment(Environment(os.environ), SystemClock())
