"""The execute function: an account's queue in, bracket orders out.

Integrations: SQS (event source mapping with ReportBatchItemFailures), DynamoDB, Alpaca's trading API. Delivery
is at least once and may be concurrent; the ledger makes it one order. Raising fails the whole batch, which comes
back after the queue's visibility timeout and is safe to repeat.
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
from execution.batch import PartialBatchResponse, execute_batch
from execution.wiring import Wiring, from_environment


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    wiring = _wiring()
    with invocation(wiring.ports.telemetry, context):
        return run(
            execute_batch(event, wiring, seconds_left=lambda: context.get_remaining_time_in_millis() / 1_000)
        )


@cache
def _wiring() -> Wiring:
    with cold_start.ending():
        return from_environment(Environment(os.environ), SystemClock())
