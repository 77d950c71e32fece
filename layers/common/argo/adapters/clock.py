"""The system's clock."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """`argo.ports.Clock` on the machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the machine's clock

    async def sleep_until(self, time: datetime) -> None:
        """Suspend this coroutine until ``time``; others go on."""
        await asyncio.sleep(max(0.0, (time - self.now()).total_seconds()))
