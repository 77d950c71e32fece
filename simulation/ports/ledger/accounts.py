"""The ledger in memory, its accounts: reservations, symbol locks, trades that ended, equity marks."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Context, Decimal

from argo.domain.account import LONGEST_REASON, AccountState, Holding, TradeExit, TradingState, minute_of
from argo.domain.execution import Execution
from argo.domain.ledger import BrokerAccountHolder, Intent, LostLease, ReservationConflict, SymbolLocked
from argo.domain.limits import EquityMarks
from argo.domain.sizes import cut
from simulation.ports.ledger.digest import EVER
from simulation.ports.ledger.requests import Requests, Stands

_EXACT = Context(prec=38)
"""DynamoDB's numbers have 38 digits; a reservation of 28 is taken back to nothing."""


class Accounts(Requests):
    """Every account's item, as the table's conditional writes keep it.

    What may fail is a ``check``, which writes nothing, so that a transaction can do all its checks first.
    """

    def __init__(self) -> None:
        self._states: dict[str, AccountState] = {}
        self._shifts: dict[str, datetime] = {}
        self._accounted: dict[str, datetime] = {}
        self._exits: dict[str, list[tuple[datetime, str, TradeExit]]] = {}
        self._brokers: dict[str, BrokerAccountHolder] = {}

    @property
    def every_account(self) -> Sequence[AccountState]:
        """All accounts that were written, by name, each with every trade that ended."""
        return [self.read(executor, EVER) for executor in sorted(self._states.keys() | self._exits.keys())]

    def find_account(self, executor: str) -> AccountState | None:
        """Return one account that was written, without its trades, to whoever only looks on."""
        return self.read(executor) if executor in self._states or executor in self._exits else None

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        return self.read(executor, exits_since)

    async def record_shift(self, shard: str, began: datetime) -> None:
        self._shifts[shard] = max(began, self._shifts.get(shard, began))

    async def latest_shift(self, shard: str) -> datetime | None:
        return self._shifts.get(shard)

    async def accounted_until(self, executor: str) -> datetime | None:
        return self._accounted.get(executor)

    async def account_until(self, executor: str, time: datetime) -> None:
        def write() -> None:
            self._accounted[executor] = time

        await self._write(write, lambda: None)

    def read(self, executor: str, exits_since: datetime | None = None) -> AccountState:
        """Return an account; a fresh one when there is none."""
        state = self._states.get(executor) or AccountState(executor=executor)
        if exits_since is None or not (ended := self._exits.get(executor)):
            return state
        since = bisect_left(ended, (exits_since,))
        return state.model_copy(update={"exits": tuple(trade for _, _, trade in ended[since:])})

    def check_reservation(self, execution: Execution, read: AccountState) -> None:
        """Raise unless an intent on the account as it was ``read`` can be written.

        Raises:
            ReservationConflict: the account has been written since.
            SymbolLocked: another execution holds the symbol.
        """
        state = self.read(execution.executor)
        if state.version != read.version:
            found = f"at version {state.version}, not {read.version}"
            raise ReservationConflict(f"the account {execution.executor} is {found}")
        if (held := state.holdings.get(execution.symbol)) and held.signal_id != execution.signal_id:
            raise SymbolLocked(held.signal_id)

    def reserve(self, execution: Execution, intent: Intent, *, read: AccountState, now: datetime) -> None:
        state = self.read(execution.executor)
        notional, risk = _told(intent.notional), _told(intent.risk)
        lock = Holding(execution.signal_id, execution.side, notional, risk, now)
        holdings = {**state.holdings, str(execution.symbol): lock}
        self._update(
            state,
            reserved_notional=_told(_EXACT.add(state.reserved_notional, notional)),
            reserved_risk=_told(_EXACT.add(state.reserved_risk, risk)),
            rate_minute=minute_of(now),
            rate_orders=read.orders_in_minute(now) + 1,
            version=state.version + 1,
            holdings=dict(sorted(holdings.items())),
        )

    def check_lock(self, execution: Execution) -> None:
        """Raise unless the execution's symbol is its own or free.

        Raises:
            LostLease: another execution holds it.
        """
        held = self.read(execution.executor).holdings.get(execution.symbol)
        if held and held.signal_id != execution.signal_id:
            raise LostLease(f"{execution.symbol} is held by {held.signal_id}, not by {execution.signal_id}")

    def give_back(self, execution: Execution, *, with_symbol: bool) -> None:
        state = self.read(execution.executor)
        holdings = state.holdings
        if with_symbol and execution.symbol in holdings:
            holdings = {symbol: held for symbol, held in holdings.items() if symbol != execution.symbol}
        self._update(
            state,
            reserved_notional=_told(_EXACT.subtract(state.reserved_notional, execution.reserved_notional)),
            reserved_risk=_told(_EXACT.subtract(state.reserved_risk, execution.reserved_risk)),
            version=state.version + 1,
            holdings=holdings,
        )

    def keep_exit(self, executor: str, ended: TradeExit) -> None:
        exits = self._exits.setdefault(executor, [])
        entry = (ended.at, ended.signal_id, ended)
        place = bisect_left(exits, entry[:2])
        if place < len(exits) and exits[place][:2] == entry[:2]:
            exits[place] = entry
        else:
            exits.insert(place, entry)

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
        kept = cut(reason, LONGEST_REASON)

        def write() -> bool:
            found = self.read(executor)
            if read is not None and read.state_since != found.state_since:
                raise Stands(False)
            self._update(
                found,
                trading_state=state,
                state_reason=kept,
                state_since=now,
                resumes_on=resumes_on,
                version=found.version + 1,
            )
            return True

        def stands() -> bool:
            found = self.read(executor)
            return (found.trading_state, found.state_reason, found.state_since) == (state, kept, now)

        return bool(await self._write(write, lambda: stands() or None))

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        def write() -> bool:
            state = self.read(read.executor)
            if state.marks_version != read.marks_version:
                raise Stands(False)
            self._update(
                state,
                trading_day=known.trading_day,
                equity=known.equity,
                day_start_equity=known.day_start,
                starting_equity=known.start,
                peak_equity=known.peak,
                observed_at=now,
                marks_version=state.marks_version + 1,
            )
            return True

        def stands() -> bool:
            found = self.read(read.executor)
            return (found.marks_version, found.observed_at) == (read.marks_version + 1, now)

        return bool(await self._write(write, lambda: stands() or None))

    async def hold_broker_account(self, executor: str, number: str) -> BrokerAccountHolder:
        held = self._brokers.setdefault(number, BrokerAccountHolder(executor))
        if held.executor == executor:
            self._brokers = {
                known: each
                for known, each in self._brokers.items()
                if known == number or each.executor != executor
            }
        return held

    async def note_told(self, number: str, what: str) -> None:
        held = self._brokers[number]
        self._brokers[number] = BrokerAccountHolder(held.executor, held.told | {what})

    async def measure_anew(self, executor: str) -> None:
        def write() -> None:
            state = self.read(executor)
            self._update(
                state,
                starting_equity=None,
                peak_equity=None,
                version=state.version + 1,
                marks_version=state.marks_version + 1,
            )

        await self._write(write, lambda: None)

    def _update(self, state: AccountState, **changed: object) -> None:
        self._states[state.executor] = state.model_copy(update=changed)


def _told(number: Decimal) -> Decimal:
    """Return a number as the table answers it: without trailing zeros, which a record of a decision would show."""
    return Decimal(f"{_EXACT.normalize(number):f}")
