"""The ledger in memory: the conditions of the ledger's table on plain objects, for simulation and replay."""

from datetime import datetime, timedelta

from argo.domain import changes
from argo.domain.account import AccountState, TradeExit
from argo.domain.execution import Execution, ExecutionState, claimed
from argo.domain.ledger import (
    Claim,
    Claimed,
    Intent,
    LostLease,
    Release,
)
from argo.domain.signal import Signal
from argo.ports.ledger import ChangingLedger
from simulation.ports.ledger.accounts import Accounts
from simulation.ports.ledger.digest import digest_of, lines
from simulation.ports.ledger.executions import Executions
from simulation.ports.ledger.signals import Signals


class InMemoryLedger(Signals, Executions, Accounts, ChangingLedger):
    """`argo.ports.Ledger` in memory; every method is one step that no other coroutine comes between.

    It keeps the frozen objects themselves. ``mode`` is stored on every record.
    """

    turned_away = staticmethod(changes.turned_away)
    """Who may not claim what is there already."""

    def __init__(self, *, mode: str) -> None:
        """Begin empty."""
        super().__init__()
        self.mode = mode

    def digest(self) -> str:
        """Return the SHA-256, in hex, of all that is kept: `digest` of every account and day."""
        return digest_of(lines(self.every_signal, self.every_execution, self.every_account))

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        """Claim a signal's execution: new, or taken over from a worker whose lease is over."""
        found = self.find(signal.signal_id, executor)
        if found is None:
            fresh = claimed(signal, executor=executor, mode=self.mode, now=now, lease_until=now + lease)
            self.add(fresh)
            return Claimed(fresh)
        if refusal := self.turned_away(found, now):
            return refusal
        if found.state is ExecutionState.DEAD_LETTERED:
            mine = changes.revived(found, now=now, lease_until=now + lease).applied_to(found)
        else:
            mine = changes.taken_over(found, now=now, lease_until=now + lease)
        self.overwrite(mine)
        return Claimed(mine, taken_over=True)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        """Keep intent, reservation and symbol lock, or nothing."""
        change = changes.intended(execution, intent, now=now)
        self.check(execution)
        self.check_reservation(execution, account)
        self.reserve(execution, intent, read=account, now=now)
        return self.change(change, execution)

    async def _move(
        self,
        execution: Execution,
        change: changes.Change,
        release: Release = Release.NOTHING,
        ended: TradeExit | None = None,
    ) -> Execution:
        stored = self.check(execution, of_same_state=change.of_same_state)
        holds_money = bool(execution.reserved_notional or execution.reserved_risk)
        gives_money = release is not Release.NOTHING and holds_money
        gives_symbol = release is Release.RESERVATION_AND_SYMBOL
        if gives_money and stored.reserved_notional != execution.reserved_notional:
            raise LostLease(f"{execution.key} has {stored.reserved_notional} reserved")
        if gives_symbol:
            self.check_lock(execution)
        if gives_money or gives_symbol:
            self.give_back(execution, with_symbol=gives_symbol)
        if ended is not None:
            self.keep_exit(execution.executor, ended)
        return self.change(change, execution)
