"""The api function: HTTP routes behind IAM authorisation.

Integrations: HTTP API (payload version 2), DynamoDB, SQS. It places no order: a signal from outside takes the
generator's way, through the ledger and the queues, and a request sent twice is one signal. GET never writes.
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
from argo.runtime import invocation
from trading_api.routes import answer
from trading_api.wiring import Wiring, from_environment


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    wiring = _wiring()
    with invocation(wiring.ports.telemetry, context):
        return answer(event, context, wiring, timedelta(milliseconds=context.get_remaining_time_in_millis()))


@cache
def _wiring() -> Wiring:
    with cold_start.ending():
        return from_environment(Environment(os.environ), SystemClock())
