"""The reconcile function: a scheduler's tick in, the account's open executions followed to their end.

Integrations: EventBridge Scheduler, DynamoDB, Alpaca's trading API. It places no entry orders. Every write is
conditional, so overlapping runs are harmless; raising loses a run, and the next one begins with the oldest.
"""

from argo import cold_start  # first: see there

# isort: split
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from argo.adapters.clock import SystemClock
from argo.environment import Environment
from argo.runtime import invocation, run
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring, from_environment


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001 - Lambda's
    wiring = _wiring()
    with invocation(wiring.ports.telemetry, context):
        left = context.get_remaining_time_in_millis
        return run(reconcile(wiring, seconds_left=lambda: left() / 1_000)).as_dict()


@cache
def _wiring() -> Wiring:
    with cold_start.ending():
        return from_environment(Environment(os.environ), SystemClock())
