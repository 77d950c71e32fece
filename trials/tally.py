"""What a trial's functions report: counted, not printed; an error that nobody expected is kept."""

import sys
from collections import Counter
from typing import Any

from argo.domain.metrics import Metric
from argo.ports import QueueFault, Telemetry
from trials.faults import Unavailable


class Tally(Telemetry):
    """Counts over all workers of a trial.

    Attributes:
        totals: every metric's count.
        surprises: errors that a record or an invocation ended with, other than AWS being unavailable.
    """

    def __init__(self) -> None:
        """Begin at 0, and without Powertools' logger: its formatting would be most of a trial."""
        self.totals: Counter[Metric] = Counter()
        self.surprises: list[str] = []
        self.log: Any = _Log(self)

    def count(self, metric: Metric, by: int = 1, *, reason: str | None = None) -> None:  # noqa: ARG002 - reasons are in the ledger
        """Count an event."""
        self.totals[metric] += by

    def record(self, metric: Metric, value: float) -> None:
        """Take a measured value, and keep none."""

    @property
    def counts(self) -> dict[str, int]:
        """The counts so far, by metric name."""
        return {str(metric): count for metric, count in self.totals.items()}

    def flush(self) -> None:
        """Keep the counts."""

    def surprise(self, error: BaseException | None) -> None:
        """Keep an error, each of a group's, unless it is one that a trial makes."""
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                self.surprise(each)
        elif error is not None and not isinstance(error, (Unavailable, QueueFault)):
            self.surprises.append(f"{type(error).__name__}: {error}")


class _Log:
    """Takes every log line of a trial, and looks only at exceptions."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def exception(self, *_: object, **__: object) -> None:
        self._tally.surprise(sys.exception())

    def _pass(self, *_: object, **__: object) -> None:
        pass

    debug = info = warning = error = _pass
