"""EventBridge Scheduler's part: a function invoked at every full minute."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argo.domain.values import iso
from argo.ports import Clock

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Invokes ``function`` with the logical tick at every full minute, as ``cron(* * * * ? *)`` does.

    Ticks never overlap here: those that pass while an invocation lasts are left out, as Scheduler's 60 s maximum
    event age does with those it cannot deliver.
    """

    clock: Clock
    function: Callable[[dict[str, Any]], Awaitable[object]]
    on_error: Callable[[Exception], None]

    async def run(self, *, until: datetime | None = None) -> None:
        """Tick until a time, or for ever."""
        while True:
            tick = next_minute(self.clock.now())
            if until is not None and tick >= until:
                return
            await self.clock.sleep_until(tick)
            try:
                await self.function({"scheduled_time": iso(tick)})
            except Exception as error:  # noqa: BLE001 - as Lambda: the invocation failed, the next tick comes
                self.on_error(error)


def next_minute(now: datetime) -> datetime:
    """Return the first full minute after ``now``."""
    return now.replace(second=0, microsecond=0) + _MINUTE
