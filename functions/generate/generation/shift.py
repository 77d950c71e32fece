"""A generator's shift: from its tick on, until the next tick's generator has made a cycle (FAILURES C13).

Scheduler fires anywhere within its minute, and a cold start takes seconds: who stops after a minute leaves a hole
of up to another one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo.ports import Ports, Unavailable

LONGEST = timedelta(seconds=200)
"""How long nobody may come: a tick at its minute's beginning, the next one lost, the one after that at its
minute's end, and a cold start."""


@dataclass(slots=True)
class Shift:
    """One generator's turn at the cycles of a ``shard``, as the ledger knows it.

    Where the ledger does not tell, both of two generators go on, which costs no more than their time.
    """

    ports: Ports
    shard: str
    began: datetime
    _told_at: datetime = field(init=False)
    _is_on_record: bool = False

    def __post_init__(self) -> None:
        self._told_at = self.began

    async def take_over(self) -> None:
        """Relieve whoever has made the cycles so far, once: this generator has made its first one."""
        if self._is_on_record:
            return
        try:
            await self.ports.ledger.record_shift(self.shard, self.began)
            self._is_on_record = True
        except Unavailable as silence:
            self.ports.telemetry.log.warning("shift_not_recorded", shard=self.shard, error=str(silence))

    async def goes_on(self) -> bool:
        """Tell whether no later generator has taken over; write the metrics of a minute that is over."""
        now = self.ports.clock.now()
        if now.replace(second=0, microsecond=0) > self._told_at:
            # Alarms count minutes: an invocation that lasts longer must not write all of them into its last one.
            self.ports.telemetry.flush()
            self._told_at = now
        try:
            latest = await self.ports.ledger.latest_shift(self.shard)
        except Unavailable as silence:
            self.ports.telemetry.log.warning("shift_not_told", shard=self.shard, error=str(silence))
            return True
        return latest is None or latest <= self.began
