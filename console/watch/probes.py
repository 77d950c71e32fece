"""What a watch reads beside the ledger: the depth of the dead-letter queues, and the generator's heartbeat."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from argo.domain.metrics import Metric
from argo.environment import MODES
from argo.observability import NAMESPACE
from argo.ports import Clock
from console.deployment import Deployment

_PERIOD = timedelta(minutes=1)
_LOOKS_BACK = timedelta(hours=3)
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})

type Heartbeat = datetime | str
"""When something was last seen at work, or why that is not known."""


class Probes:
    """Requests to SQS and CloudWatch for one deployment."""

    def __init__(self, deployment: Deployment, clock: Clock, *, has_metrics: bool) -> None:
        """Look at a deployment's queues; it ``has_metrics`` where its functions run in Lambda."""
        variables = deployment.adapters.environment.variables
        self._urls = deployment.resources.dead_letter_queues
        self._clock = clock
        self._sqs = _client("sqs", variables)
        self._cloudwatch = _client("cloudwatch", variables) if has_metrics else None
        self._cycle: Heartbeat = "no metrics here"
        self._next_look: datetime | None = None

    async def dead_letters(self) -> dict[str, int]:
        """Return how many messages are in each account's dead-letter queue, hidden ones included."""
        depths = await asyncio.gather(*(asyncio.to_thread(self._depth, url) for url in self._urls.values()))
        return dict(zip(self._urls, depths, strict=True))

    async def last_cycle(self) -> Heartbeat:
        """Return the end of the last minute with a generator's cycle; asked for once a minute."""
        now = self._clock.now()
        if self._cloudwatch is not None and (self._next_look is None or now >= self._next_look):
            self._cycle = await asyncio.to_thread(self._look, self._cloudwatch, now)
            self._next_look = now + _PERIOD
        return self._cycle

    def _depth(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _look(self, cloudwatch: Any, now: datetime) -> Heartbeat:  # noqa: ANN401 - a boto3 client
        """Ask for the metric in every mode at once: which one the functions run in is theirs to know."""
        try:
            answer = cloudwatch.get_metric_data(
                MetricDataQueries=[_query(mode) for mode in MODES], StartTime=now - _LOOKS_BACK, EndTime=now
            )
        except (BotoCoreError, ClientError) as error:
            # A person who may read the ledger need not be allowed to read metrics.
            return f"not readable: {error}"
        minutes = [
            minute
            for result in answer["MetricDataResults"]
            for minute, cycles in zip(result["Timestamps"], result["Values"], strict=True)
            if cycles
        ]
        return (
            min(max(minutes) + _PERIOD, now) if minutes else f"no cycle within {_LOOKS_BACK.seconds // 3600} hours"
        )


def _query(mode: str) -> dict[str, Any]:
    dimensions = [{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": mode}]
    metric = {"Namespace": NAMESPACE, "MetricName": str(Metric.GENERATION_CYCLES), "Dimensions": dimensions}
    return {"Id": mode, "MetricStat": {"Metric": metric, "Period": _PERIOD.seconds, "Stat": "Sum"}}


def _client(service: str, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3 has a type per service
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    endpoint = variables.get("AWS_ENDPOINT_URL") or None
    keys: dict[str, Any] = {
        name: variables.get(name.upper())
        for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    }
    return boto3.client(service, region, endpoint_url=endpoint, config=_CONFIG, **keys)  # type: ignore[call-overload]
