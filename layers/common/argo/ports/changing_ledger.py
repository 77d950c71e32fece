"""The half of a ledger that is the same whatever keeps its records: what each write changes."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime

from argo.domain import changes
from argo.domain.account import TradeExit
from argo.domain.execution import Execution, ExecutionState, Exit, Protection
from argo.domain.ledger import Release, Settlement
from argo.domain.reasons import Obstacle
from argo.ports.ledger import Ledger


class ChangingLedger(Ledger):
    """A ledger that writes the changes of `argo.domain.changes`; see `argo.ports.Ledger` for its methods."""

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        change = changes.settled(execution, state, settlement, now=now)
        return await self._move(execution, change, settlement.release, settlement.trade_exit)

    async def pause(
        self,
        execution: Execution,
        obstacle: Obstacle,
        *,
        until: datetime,
        now: datetime,
        state: ExecutionState | None = None,
        detail: Mapping[str, str] | None = None,
        release: Release = Release.NOTHING,
        closes: str | None = None,
        missing_since: datetime | None = None,
    ) -> Execution:
        change = changes.paused(
            execution,
            obstacle,
            until=until,
            now=now,
            state=state,
            detail=detail or {},
            release=release,
            closes=closes,
            missing_since=missing_since,
        )
        return await self._move(execution, change, release)

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        return await self._move(execution, changes.exit_recorded(execution, planned, now=now))

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        return await self._move(execution, changes.protection_recorded(execution, protection, now=now))

    @abstractmethod
    async def _move(
        self,
        execution: Execution,
        change: changes.Change,
        release: Release = Release.NOTHING,
        ended: TradeExit | None = None,
    ) -> Execution:
        """Write a change on the condition that the record is as ``execution`` has it, and what goes with it.

        That is what the account gets back, and the trade that has ``ended``.

        Raises:
            LostLease: the record is not as ``execution`` has it.
        """
