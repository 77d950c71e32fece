"""How long connections have idled, by the wall's clock: a process that is frozen counts nothing itself."""

import threading
from datetime import datetime, timedelta

LONGEST = timedelta(seconds=4)
"""A connection that has idled for longer is not used again.

Lambda freezes a function between invocations, and whatever stands between it and a service forgets connections
meanwhile. What is sent over such a one is reset, and nobody knows whether it arrived (FAILURES C10).
"""


class Idling:
    """When connections were used last; safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used_at: datetime | None = None

    def too_long(self, now: datetime) -> bool:
        """Tell whether they have idled for too long, in either direction of the clock; those never used have."""
        with self._lock:
            before, self._used_at = self._used_at, now
        return before is None or abs(now - before) > LONGEST

    def used(self, now: datetime) -> None:
        """Note that an answer has come over one of them."""
        with self._lock:
            self._used_at = now
