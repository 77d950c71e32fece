"""The ledger in memory: the conditions of the ledger's table on plain objects, for simulation and replay."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from argo.domain import changes
from argo.domain.account import AccountState, TradeExit, TradingState
from argo.domain.execution import Execution, ExecutionState, Exit, Protection, claimed
from argo.domain.ledger import (
    Claim,
    Claimed,
    Intent,
    LostLease,
    Page,
    PutSignal,
    Release,
    Settlement,
    StoredSignal,
)
from argo.domain.limits import EquityMarks
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal
from argo.domain.signal_outcome import SignalOutcome
from simulation.ports.ledger.accounts import Accounts
from simulation.ports.ledger.digest import EVER, digest_of, lines
from simulation.ports.ledger.executions import Executions
from simulation.ports.ledger.signals import Signals


class InMemoryLedger:
    """`argo.ports.Ledger` in memory; every method is one step that no other coroutine comes between.

    It keeps the frozen objects themselves. ``mode`` is stored on every record.
    """

    def __init__(self, *, mode: str) -> None:
        """Begin empty."""
        self.mode = mode
        self._signals = Signals()
        self._executions = Executions()
        self._accounts = Accounts()

    @property
    def every_signal(self) -> Collection[StoredSignal]:
        """All signals, in the order in which they were first put."""
        return self._signals.every

    @property
    def every_execution(self) -> Collection[Execution]:
        """All executions, in the order in which they were first claimed."""
        return self._executions.every

    @property
    def every_account(self) -> Collection[AccountState]:
        """All accounts that were written, by name, each with every trade that ended."""
        return [self._accounts.read(executor, EVER) for executor in sorted(self._accounts.executors)]

    def find_account(self, executor: str) -> AccountState | None:
        """Return one account that was written, without its trades, to whoever only looks on."""
        return self._accounts.read(executor) if executor in self._accounts.executors else None

    def find(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution, to whoever only looks on."""
        return self._executions.get(signal_id, executor)

    def digest(self) -> str:
        """Return the SHA-256, in hex, of all that is kept: `digest` of every account and day."""
        return digest_of(lines(self.every_signal, self.every_execution, self.every_account))

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        """Keep a signal once; an earlier sighting wins."""
        return self._signals.put(signal, mode=self.mode, executors=executors, declined=declined or {})

    async def signal(self, signal_id: str) -> StoredSignal | None:
        """Return a stored signal."""
        return self._signals.get(signal_id)

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where the signal's messages are; with the last one it leaves the outbox.

        Raises:
            KeyError: there is no such signal.
        """
        self._signals.mark_published(signal_id, executors)

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the outbox, oldest first."""
        return self._signals.unpublished(limit)

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the signals that wait for their outcome, oldest first."""
        return self._signals.unjudged(limit)

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome with it; the first to judge it wins."""
        return self._signals.judge(signal_id, outcome)

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        """Claim a signal's execution: new, or taken over from a worker whose lease is over."""
        found = self._executions.get(signal.signal_id, executor)
        if found is None:
            fresh = claimed(signal, executor=executor, mode=self.mode, now=now, lease_until=now + lease)
            self._executions.add(fresh)
            return Claimed(fresh)
        if refusal := changes.turned_away(found, now):
            return refusal
        if found.state is ExecutionState.DEAD_LETTERED:
            mine = changes.revived(found, now=now, lease_until=now + lease).applied_to(found)
        else:
            mine = changes.taken_over(found, now=now, lease_until=now + lease)
        self._executions.put(mine)
        return Claimed(mine, taken_over=True)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        """Keep intent, reservation and symbol lock, or nothing."""
        change = changes.intended(execution, intent, now=now)
        self._executions.check(execution)
        self._accounts.check_reservation(execution, account)
        self._accounts.reserve(execution, intent, read=account, now=now)
        return self._executions.change(change, execution)

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        """Move the execution to a state and keep what was learnt."""
        change = changes.settled(execution, state, settlement, now=now)
        return self._move(execution, change, settlement.release, settlement.trade_exit)

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
    ) -> Execution:
        """Record the obstacle; the next delivery may go on from ``until``."""
        change = changes.paused(
            execution, obstacle, until=until, now=now, state=state, detail=detail or {}, release=release
        )
        return self._move(execution, change, release)

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        """Record how the position is left; the state stays."""
        return self._move(execution, changes.exit_recorded(execution, planned, now=now))

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        """Record what guards the position; the state stays."""
        return self._move(execution, changes.protection_recorded(execution, protection, now=now))

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution."""
        return self._executions.get(signal_id, executor)

    async def executions(self, signal_id: str) -> Sequence[Execution]:
        """Return a signal's executions, by account."""
        return self._executions.of_signal(signal_id)

    async def open_executions(self, executor: str, *, limit: int) -> Sequence[Execution]:
        """Return an account's open work, oldest first."""
        return self._executions.open(executor, limit)

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        """Return the account with its symbol locks and the trades that ended lately."""
        return self._accounts.read(executor, exits_since)

    async def set_trading_state(
        self,
        executor: str,
        state: TradingState,
        *,
        reason: str,
        now: datetime,
        resumes_on: date | None = None,
        read: AccountState | None = None,
    ) -> bool:
        """Set what the account may do and move its version, so that no older view reserves any more."""
        return self._accounts.set_trading_state(
            executor, state, reason=reason, now=now, resumes_on=resumes_on, read=read
        )

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        """Record the account's equity and its marks; False when somebody else has since ``read``."""
        return self._accounts.observe(read, known, now=now)

    async def measure_anew(self, executor: str) -> None:
        """Forget what drawdowns are measured from."""
        self._accounts.measure_anew(executor)

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        """Return a UTC day's signals, newest first."""
        return self._signals.of_day(day, limit=limit, token=token)

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        """Return an account's executions of a UTC day's signals, newest first."""
        return self._executions.of_day(executor, day, limit=limit, token=token)

    def _move(
        self,
        execution: Execution,
        change: changes.Change,
        release: Release = Release.NOTHING,
        ended: TradeExit | None = None,
    ) -> Execution:
        stored = self._executions.check(execution, of_same_state=change.of_same_state)
        holds_money = bool(execution.reserved_notional or execution.reserved_risk)
        gives_money = release is not Release.NOTHING and holds_money
        gives_symbol = release is Release.RESERVATION_AND_SYMBOL
        if gives_money and stored.reserved_notional != execution.reserved_notional:
            raise LostLease(f"{execution.key} has {stored.reserved_notional} reserved")
        if gives_symbol:
            self._accounts.check_lock(execution)
        if gives_money or gives_symbol:
            self._accounts.give_back(execution, with_symbol=gives_symbol)
        if ended is not None:
            self._accounts.keep_exit(execution.executor, ended)
        return self._executions.change(change, execution)
