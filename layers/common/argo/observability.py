"""Logs and metrics: one structured logger, the metric names, one EMF record per invocation."""

from collections import Counter
from enum import StrEnum
from typing import IO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

NAMESPACE = "Argo"


class Metric(StrEnum):
    """The metrics' names, each with its unit and a one-line meaning."""

    unit: MetricUnit
    meaning: str

    def __new__(cls, name: str, unit: MetricUnit, meaning: str) -> "Metric":
        """Make a member from its name, unit and meaning."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.unit = unit
        member.meaning = meaning
        return member

    SIGNALS_GENERATED = "SignalsGenerated", MetricUnit.Count, "Signals seen for the first time"
    SIGNALS_PUBLISHED = "SignalsPublished", MetricUnit.Count, "Messages put into executors' queues"
    GENERATION_CYCLES = "GenerationCycles", MetricUnit.Count, "Cycles run: the generator's heartbeat"
    CYCLES_SKIPPED = "CyclesSkipped", MetricUnit.Count, "Cycles left out because the one before was late"
    SOURCE_FAILURES = "SourceFailures", MetricUnit.Count, "Votes lost to a source that failed"
    SYMBOLS_WITHOUT_DATA = "SymbolsWithoutData", MetricUnit.Count, "Symbols that a cycle had no fresh bars of"
    FEED_FAILURES = "FeedFailures", MetricUnit.Count, "Cycles without market data or the exchange's clock"
    CREDENTIALS_REFUSED = "CredentialsRefused", MetricUnit.Count, "Cycles and reconciler runs whose key is refused"
    SIGNALS_JUDGED = "SignalsJudged", MetricUnit.Count, "Signals whose outcome in the market became known"
    SIGNALS_RECEIVED = "SignalsReceived", MetricUnit.Count, "Signals claimed for the first time"
    ORDERS_SUBMITTED = "OrdersSubmitted", MetricUnit.Count, "Entry orders the broker took"
    SIGNALS_DENIED = "SignalsDenied", MetricUnit.Count, "Signals the gate or the sizing refused"
    ORDERS_REJECTED = "OrdersRejected", MetricUnit.Count, "Entry orders the broker refused"
    SIGNALS_EXPIRED = "SignalsExpired", MetricUnit.Count, "Signals too old to be sent"
    MESSAGES_QUARANTINED = "MessagesQuarantined", MetricUnit.Count, "Messages no retry can mend"
    DUPLICATE_DELIVERIES = "DuplicateDeliveries", MetricUnit.Count, "Deliveries of signals that are settled"
    AMBIGUOUS_SUBMISSIONS = "AmbiguousSubmissions", MetricUnit.Count, "Orders sent with unknown outcome"
    RETRIES = "Retries", MetricUnit.Count, "Messages given back to the queue with a delay"
    SIGNAL_TO_ORDER = "SignalToOrderMilliseconds", MetricUnit.Milliseconds, "From signal to accepted order"
    BROKER_CALL = "BrokerCallMilliseconds", MetricUnit.Milliseconds, "Duration of one order request"
    OPEN_EXECUTIONS = "OpenExecutions", MetricUnit.Count, "Executions that have not ended"
    UNRESOLVED_EXECUTIONS = "UnresolvedExecutions", MetricUnit.Count, "Signals without an order or a reason so far"
    OLDEST_UNRESOLVED = "OldestUnresolvedSeconds", MetricUnit.Seconds, "Age of the oldest unresolved signal"
    EXECUTION_RATE = "ExecutionRate", MetricUnit.Percent, "Orders by eligible signals; absent when none was"
    CONSERVATION_GAP = "ConservationGap", MetricUnit.Count, "Signals that no outcome accounts for; must be 0"
    NAKED_POSITION = "NakedPositionSeconds", MetricUnit.Seconds, "Longest time a position is not guarded"
    REPAIRS_MADE = "RepairsMade", MetricUnit.Count, "Repairs the reconciler made at the broker"
    EQUITY = "Equity", MetricUnit.NoUnit, "The account's equity, USD"
    DAILY_PROFIT = "DailyProfitLoss", MetricUnit.NoUnit, "The trading day's profit or loss, USD"
    ACCOUNT_HALTED = "AccountHalted", MetricUnit.Count, "1 while the account is halted, else 0"


class Telemetry:
    """What one invocation of a function reports: counts and values, flushed once at its end.

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
        if stream is not None:
            # Powertools keeps one logger per service: a second telemetry would log to the first one's stream. That
            # may be closed by now, which setStream() would trip over: it flushes what every record has flushed.
            self.log.registered_handler.stream = stream  # type: ignore[attr-defined]
        self._dimensions = {"service": service, "mode": mode} | ({"executor": executor} if executor else {})
        self._counts: Counter[Metric] = Counter()
        self._values: list[tuple[Metric, float]] = []
        self._reasons: Counter[str] = Counter()
        self._writes_metrics = metrics and not is_metrics_disabled()

    def count(self, metric: Metric, by: int = 1, *, reason: str | None = None) -> None:
        """Count an event, and its reason beside it."""
        self._counts[metric] += by
        if reason is not None:
            self._reasons[reason] += by

    def record(self, metric: Metric, value: float) -> None:
        """Record one measured value."""
        self._values.append((metric, value))

    @property
    def counts(self) -> dict[str, int]:
        """The counts since the last flush, by metric name."""
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
