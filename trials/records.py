"""What a trial leaves to read: its events line by line, and what its functions report."""

import hashlib
import sys
from collections import Counter
from typing import Any, NamedTuple

from argo.domain.metrics import Metric


class Line(NamedTuple):
    """One event: at which virtual second, who did what to which record, and how it went."""

    at: float
    who: str
    what: str
    about: str
    how: str

    def __str__(self) -> str:
        """Return the line as a person reads it."""
        return f"{self.at:9.3f}  {self.who:<22} {self.what:<26} {self.about:<42} {self.how}"


class Trace:
    """The run's events in order; two runs are the same when their hashes are."""

    def __init__(self, *, keep: bool = False) -> None:
        """Begin empty; ``keep`` the lines, or hash them only."""
        self._hash = hashlib.sha256()
        self._keep = keep
        self.lines: list[Line] = []

    def add(self, at: float, who: str, what: str, about: str, how: str) -> None:
        """Take in an event."""
        self._hash.update(f"{at!r}|{who}|{what}|{about}|{how}\n".encode())
        if self._keep:
            self.lines.append(Line(at, who, what, about, how))

    @property
    def digest(self) -> str:
        """The SHA-256 of all events so far, in hex."""
        return self._hash.hexdigest()


class Tally:
    """`argo.ports.Telemetry` of all workers of a trial; of their logs it looks at exceptions only.

    Attributes:
        surprises: errors that a record or an invocation ended with.
    """

    def __init__(self) -> None:
        """Begin at 0, and without Powertools' logger: its formatting would be most of a trial."""
        self.counts: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.log: Any = self

    def count(self, metric: Metric, by: int = 1, *, reason: str | None = None) -> None:  # noqa: ARG002 - reasons are in the ledger
        self.counts[metric] += by

    def exception(self, *_: object, **__: object) -> None:
        self.surprise(sys.exception())

    def surprise(self, error: BaseException | None) -> None:
        """Keep an error, each of a group's."""
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                self.surprise(each)
        elif error is not None:
            self.surprises.append(f"{type(error).__name__}: {error}")

    def _pass(self, *_: object, **__: object) -> None:
        pass

    record = flush = debug = info = warning = error = _pass
