"""Logs and metrics: one structured logger, one EMF record per invocation."""

import sys
from collections import Counter
from typing import IO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from argo.domain.metrics import Metric

NAMESPACE = "Argo"


class Telemetry:
    """`argo.ports.Telemetry` on Powertools: counts and values, flushed once at an invocation's end.

    Ids are never dimensions, only log keys: each value of a dimension is a metric that is paid for.
    """

    def __init__(
        self,
        service: str,
        *,
        mode: str,
        executor: str | None = None,
        stream: IO[str] | None = None,
        metrics: bool = True,
    ) -> None:
        """Report as ``service``; logs go to ``stream``, by default standard output, where ``metrics`` go too."""
        self.log = Logger(service=service, stream=stream)
        # Powertools keeps one logger per service: a second telemetry would log to the first one's stream. That
        # may be closed by now, which setStream() would trip over: it flushes what every record has flushed.
        self.log.registered_handler.stream = stream or sys.stdout  # type: ignore[attr-defined]
        self._dimensions = {"service": service, "mode": mode} | ({"executor": executor} if executor else {})
        self._counts: Counter[Metric] = Counter()
        self._values: list[tuple[Metric, float]] = []
        self._reasons: Counter[str] = Counter()
        self._writes_metrics = metrics and not is_metrics_disabled()

    def count(self, metric: Metric, by: int = 1, *, reason: str | None = None) -> None:
        self._counts[metric] += by
        if reason is not None:
            self._reasons[reason] += by

    def record(self, metric: Metric, value: float) -> None:
        self._values.append((metric, value))

    @property
    def counts(self) -> dict[str, int]:
        return {str(metric): count for metric, count in self._counts.items()}

    def flush(self) -> None:
        """Write everything as one EMF record to standard output and start anew.

        `POWERTOOLS_METRICS_DISABLED` turns the record off, as on a laptop.
        """
        if self._writes_metrics and (self._counts or self._values):
            self._write()
        self._counts.clear()
        self._values.clear()
        self._reasons.clear()

    def _write(self) -> None:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        for name, value in self._dimensions.items():
            metrics.add_dimension(name, value)
        for metric, count in self._counts.items():
            metrics.add_metric(name=metric, unit=metric.unit, value=count)
        for metric, measured in self._values:
            metrics.add_metric(name=metric, unit=metric.unit, value=measured)
        if self._reasons:
            metrics.add_metadata(key="reasons", value=dict(self._reasons))
        metrics.flush_metrics()
