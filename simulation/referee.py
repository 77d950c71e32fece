"""What must hold whatever fails: watched at every order, looked over again and again, and settled at the end."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, ExecutionState, Fill
from argo.domain.ledger import Settlement
from argo.domain.profile import Profile
from argo.domain.reasons import DenialReason
from argo.domain.signal import Side, Signal
from simulation.broker import Account, Order
from simulation.faults import Call, UnreliableQueue
from simulation.faults.effects import Kind
from simulation.ledger import InMemoryLedger
from simulation.virtual_time import VirtualClock

SKEW = timedelta(seconds=2)
"""How far a worker's clock may be off, either way."""

LINGERS = timedelta(minutes=12)
"""How long an order may outlive its execution, or a position go without a stop, while faults strike.

A run of the reconciler whose reads of the account fail repairs nothing, and with the worst rates most of them do.
"""

_READ_BY = timedelta(seconds=40)
"""Within this time every worker has read what was there before it began: the executor's timeout, and some skew."""

_TIME_ENOUGH = timedelta(seconds=170)
"""What a signal needs at most once nothing fails: a dead worker's lease, its message's return, a minute."""

_MANY = 20
"""Signals of which an account makes at least one order."""

_SMALLEST = Decimal("0.000001")
_OURS = re.compile(r"argo-(?P<executor>\w+)-(?P<signal>[0-9a-f]{24})-(?P<leg>[a-z]+)\d*")
_UNRESOLVED = frozenset({ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})
_ENTRIES = frozenset({"entry", "flip"})
_REPLANS = frozenset({"record_exit", "record_protection"})
_LEAVES = "leaves"
_KEEPS_EXITS = frozenset({DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED})


class Violation(NamedTuple):
    """A rule that did not hold: at which virtual second, of which record, and how."""

    at: float
    rule: str
    about: str
    detail: str


@dataclass(frozen=True, slots=True)
class Books:
    """One account: as the broker keeps it, its queue, its rules, and the orders a person sent there by hand."""

    at_broker: Account
    queue: UnreliableQueue
    profile: Profile
    by_hand: set[str]


class Referee:
    """Watches one run from outside: the true ledger and the true broker, not what the workers are shown."""

    def __init__(
        self,
        ledger: InMemoryLedger,
        accounts: Mapping[str, Books],
        *,
        clock: VirtualClock,
        second: Callable[[], float],
    ) -> None:
        """Look at what is there by the true ``clock``; ``second`` is the virtual time of a violation."""
        self._ledger = ledger
        self._accounts = accounts
        self._clock = clock
        self._second = second
        self._since: dict[tuple[str, str, str], float] = {}
        self._peace_since: datetime | None = None
        self._on_record: set[tuple[str, str]] = set()
        self._held: dict[tuple[str, str], int] = {}
        self._planned_once: dict[str, dict[str, object]] = {}
        self._signal_of_body: dict[str, str | None] = {}
        self.violations: list[Violation] = []

    def witness(self, call: Call) -> None:
        """See an effect just before it happens."""
        self._check_leases()
        if call.kind is Kind.LEDGER and call.name == "claim":
            self._see_claim(call)
        if call.kind is Kind.BROKER and call.name == "submit":
            self._see_order(call)
        elif call.kind is Kind.LEDGER and call.name in _REPLANS:
            self._see_plan(call)
        elif call.kind is Kind.LEDGER and call.name == "intend":
            self._see_intent(call)
        elif call.kind is Kind.LEDGER and call.name == "settle":
            self._see_settlement(call)

    def look(self) -> None:
        """Look everything over in the middle of the run."""
        seen: set[tuple[str, str, str]] = set()
        for executor, books in self._accounts.items():
            for order in books.at_broker.open_orders:
                if (execution := self._execution_of(order)) is not None and execution.state.is_terminal:
                    seen.add(("live_but_ended", executor, order.root.client_order_id))
            for symbol in self._naked(books):
                seen.add(("naked", executor, symbol))
            self._check_limits(executor, books)
        self._check_nothing_is_lost()
        self._since = {each: self._since.get(each, self._second()) for each in sorted(seen)}
        for (rule, executor, what), since in self._since.items():
            if self._second() - since > LINGERS.total_seconds():
                self._violated(rule, f"{executor} {what}", f"for {self._second() - since:.0f} s")

    def expect_peace(self) -> None:
        """Learn that nothing fails from now on: whoever has the time must come to his order."""
        self._peace_since = self._clock.now()

    def settle(self) -> None:
        """Settle everything at the end, long after the last fault."""
        self.look()
        for stored in self._ledger.every_signal:
            for executor in sorted(stored.awaiting):
                self._violated("unsent", stored.signal.signal_id, f"{executor} still awaits it")
        for execution in self._ledger.every_execution:
            self._check_end(execution)
        for executor, books in self._accounts.items():
            self._check_orders(executor, books)
            self._check_positions(executor, books)
            self._check_living(executor, books)
            for symbol in self._naked(books):
                self._violated("naked", f"{executor} {symbol}", "at the end")
            self._check_reservations(executor)
            self._check_orders_are_placed(executor)
            self._check_dead_letters(executor, books.queue)

    def unresolved(self) -> int:
        """Count what has not come to an end yet: executions, messages, signals in the outbox."""
        executions = sum(execution.state in _UNRESOLVED for execution in self._ledger.every_execution)
        messages = sum(len(books.queue) for books in self._accounts.values())
        return executions + messages + sum(bool(stored.awaiting) for stored in self._ledger.every_signal)

    def written(self) -> int:
        """Count what the executions' histories have seen: as long as it grows, somebody is at work."""
        return sum(len(execution.history) for execution in self._ledger.every_execution)

    def add(self, rule: str, about: str, detail: str) -> None:
        """Note what somebody else has seen."""
        self._violated(rule, about, detail)

    def _see_claim(self, call: Call) -> None:
        """An execution is asked for that another worker may still be at."""
        signal, executor = call.args
        assert isinstance(signal, Signal)  # noqa: S101 - the port's type, which a call does not carry
        stored = self._stored(signal.signal_id, str(executor))
        if stored is None or stored.state not in _UNRESOLVED:
            return
        if stored.lease_until - self._clock.now() > 2 * SKEW:
            self._held[stored.key] = stored.epoch

    def _check_leases(self) -> None:
        """Whoever asked has got nothing: its holder's epoch is the last."""
        for key, epoch in self._held.items():
            stored = self._stored(*key)
            if stored is not None and stored.epoch != epoch:
                self._violated("lease_taken", " ".join(key), f"at epoch {stored.epoch}, before the lease's end")
        self._held.clear()

    def _see_order(self, call: Call) -> None:
        """An order reaches the broker: it must be on the record, of a living execution, and in time."""
        (body,) = call.args
        assert isinstance(body, Mapping)  # noqa: S101 - the port's type, which a call does not carry
        client_id = str(body.get("client_order_id"))
        execution = self._execution_named(client_id)
        if execution is None:
            return self._violated("order_without_intent", client_id, "no execution")
        leg = _leg(client_id)
        planned = _planned(execution, leg)
        if dict(body) not in (planned, self._planned_once.get(client_id)):
            self._violated("order_without_intent", client_id, f"the record plans {planned}")
        began = self._clock.now() - timedelta(seconds=self._second() - call.began)
        late = began >= execution.expires_at + SKEW
        if leg in _ENTRIES and late:
            self._violated("expired_sent", client_id, f"expired at {execution.expires_at:%H:%M:%S}")
        return None

    def _see_plan(self, call: Call) -> None:
        """A plan may be overwritten: who read it before may still be about to send it."""
        execution = call.args[0]
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        stored = self._stored(execution.signal_id, execution.executor)
        body = _planned(stored, "exit" if call.name == "record_exit" else "guard") if stored else None
        if body is not None:
            self._planned_once[str(body["client_order_id"])] = body

    def _see_intent(self, call: Call) -> None:
        """Money is reserved: not by an account that may take no new risk."""
        execution, read = call.args[0], call.kwargs["account"]
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        state = self._account(execution.executor)
        if state is None or state.version != getattr(read, "version", None):
            return  # It will be refused.
        if state.trading_state is not TradingState.ACTIVE:
            self._violated(
                "risk_while_halted", execution.signal_id, f"{execution.executor} is {state.trading_state}"
            )

    def _see_settlement(self, call: Call) -> None:
        """Fills are learnt: never fewer than were known; a denial is of new risk only."""
        execution, state, settlement = call.args
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        assert isinstance(settlement, Settlement)  # noqa: S101 - as above
        if state is ExecutionState.DENIED:
            self._see_denial(execution, settlement)
        stored = self._stored(execution.signal_id, execution.executor)
        if stored is None or settlement.fills is None:
            return
        if (stored.state, stored.epoch) != (execution.state, execution.epoch):
            return  # It will be refused.
        learnt = _filled(settlement.fills)
        for order_id, quantity in _filled(stored.fills).items():
            if learnt[order_id] < quantity:
                self._violated(
                    "fills_shrank", execution.signal_id, f"{quantity} -> {learnt[order_id]} of {order_id}"
                )

    def _see_denial(self, execution: Execution, denied: Settlement) -> None:
        """A signal against a position leaves it: nothing that limits new risk may stand in its way."""
        account = self._account(execution.executor)
        held = account.holdings.get(execution.symbol) if account is not None else None
        if held is None or held.side is execution.side or self._clock.now() - held.since < _READ_BY:
            return  # It may have been read when nothing was held yet.
        if _LEAVES not in execution.detail and denied.reason not in _KEEPS_EXITS:
            self._violated(
                "exit_denied", execution.signal_id, f"{execution.executor} {execution.symbol}: {denied.reason}"
            )

    def _check_limits(self, executor: str, books: Books) -> None:
        """Positions stay within the account's limit: the ledger's locks are all of them, and those to come."""
        limit = books.profile.position_limit
        state = self._account(executor)
        if limit is not None and state is not None and len(state.holdings) > limit:
            self._violated("position_limit", executor, f"{len(state.holdings)} of {limit}")

    def _check_nothing_is_lost(self) -> None:
        """Every signal is, for every account it is meant for, in the outbox, in a queue, or on the record."""
        in_queues: dict[str, set[str | None]] = {}
        for stored in self._ledger.every_signal:
            for executor in stored.published_to - stored.awaiting:
                if (stored.signal.signal_id, executor) in self._on_record:
                    continue
                if self._stored(stored.signal.signal_id, executor) is not None:
                    self._on_record.add((stored.signal.signal_id, executor))
                    continue
                if executor not in in_queues:
                    bodies = self._accounts[executor].queue.every_body
                    in_queues[executor] = {self._signal_in(body) for body in bodies}
                if stored.signal.signal_id not in in_queues[executor]:
                    self._violated("lost", stored.signal.signal_id, f"{executor} never hears of it")

    def _check_end(self, execution: Execution) -> None:
        name = f"{execution.signal_id} {execution.executor}"
        if execution.state in _UNRESOLVED:
            self._violated("unresolved", name, f"{execution.state}, obstacle {execution.obstacle}")
        elif execution.state.has_order and execution.order_id is None:
            self._violated("silent", name, f"{execution.state} without an order id")
        elif not execution.state.has_order and execution.reason is None:
            self._violated("silent", name, f"{execution.state} without a reason")
        if not execution.state.is_terminal and execution.exit is not None:
            self._violated(
                "exit_unfinished", name, f"{execution.exit.why}: planned at {execution.exit.planned_at:%H:%M:%S}"
            )
        had_time = self._peace_since is not None and execution.expires_at - self._peace_since > _TIME_ENOUGH
        if execution.state is ExecutionState.EXPIRED and had_time:
            self._violated("given_up", name, f"{execution.reason}, after the last fault")

    def _check_orders_are_placed(self, executor: str) -> None:
        """An account with many signals places orders: all else would hold of one that never does (B01)."""
        mine = [execution for execution in self._ledger.every_execution if execution.executor == executor]
        if len(mine) >= _MANY and all(execution.order_id is None for execution in mine):
            self._violated("no_orders", executor, f"not one order for {len(mine)} signals")

    def _check_dead_letters(self, executor: str, queue: UnreliableQueue) -> None:
        """Dead letters are what nobody can read, each with its reason, and all of it."""
        for letter in queue.dead_letters:
            if (signal_id := self._signal_in(letter.body)) is not None:
                self._violated("dead_letter", signal_id, "a signal ended as a dead letter")
            elif letter.reason is None:
                self._violated("dead_letter", executor, "a message was received too often, and says no reason")
        if len(queue.dead_letters) < queue.poisoned:
            found = len(queue.dead_letters)
            self._violated(
                "poison_lost", executor, f"{found} dead letters of {queue.poisoned} messages that are none"
            )

    def _check_orders(self, executor: str, books: Books) -> None:
        """The broker's entries and the ledger's orders are the same, one for one."""
        entries: defaultdict[str, list[Order]] = defaultdict(list)
        for order in books.at_broker.orders.values():
            if _leg(order.client_order_id) in _ENTRIES:
                entries[_signal(order.client_order_id)].append(order)
        for signal_id, orders in entries.items():
            if len(orders) > 1:
                self._violated("duplicate", signal_id, f"{len(orders)} entries at {executor}")
            execution = self._stored(signal_id, executor)
            if execution is None or execution.order_id not in {order.id for order in orders}:
                known = execution.order_id if execution else "no execution"
                self._violated("ghost", signal_id, f"the broker has {orders[0].id}, the ledger {known}")
        for execution in self._ledger.every_execution:
            ours = execution.executor == executor and execution.order_id is not None
            if ours and execution.order_id not in books.at_broker.orders:
                self._violated("phantom", execution.signal_id, f"{executor} has no order {execution.order_id}")

    def _check_positions(self, executor: str, books: Books) -> None:
        """What the account holds is what the ledger's fills, and a person's, add up to; all of it guarded."""
        expected: defaultdict[str, Decimal] = defaultdict(Decimal)
        for execution in self._ledger.every_execution:
            if execution.executor == executor:
                for fill in execution.fills:
                    expected[execution.symbol] += fill.quantity * _sign(execution, fill)
        held = {symbol: position.quantity for symbol, position in books.at_broker.positions.items()}
        for symbol, quantity in self._a_persons(executor, books).items():
            expected[symbol] += quantity
        for symbol in sorted(expected.keys() | held.keys()):
            fees = sum((f.fee_in_coin for f in books.at_broker.fills if f.asset.symbol == symbol), Decimal(0))
            difference = held.get(symbol, Decimal(0)) - (expected[symbol] - fees)
            if abs(difference) > _SMALLEST:
                self._violated(
                    "position", f"{executor} {symbol}", f"{difference} more than the ledger's fills say"
                )

    def _check_living(self, executor: str, books: Books) -> None:
        """What the record says is held is there: whoever closed it, the record has learnt of it."""
        for execution in self._ledger.every_execution:
            mine = execution.executor == executor and not execution.state.is_terminal
            if mine and execution.fills and execution.symbol not in books.at_broker.positions:
                self._violated("gone", f"{execution.signal_id} {executor}", f"no {execution.symbol} is held")

    def _check_reservations(self, executor: str) -> None:
        """What is reserved is what the living bind, and what is locked is theirs."""
        state = self._account(executor)
        if state is None:
            return
        living = [e for e in self._ledger.every_execution if e.executor == executor and not e.state.is_terminal]
        reserved = sum((execution.reserved_notional for execution in living), Decimal(0))
        if state.reserved_notional != reserved:
            self._violated("reservation", executor, f"{state.reserved_notional} reserved, {reserved} bound")
        locks = {symbol: held.signal_id for symbol, held in state.holdings.items()}
        needed = {str(execution.symbol): execution.signal_id for execution in living if execution.order_id}
        if locks != needed:
            wrong = sorted(set(locks.items()) ^ set(needed.items()))
            self._violated("symbol_lock", executor, f"{wrong}")

    def _a_persons(self, executor: str, books: Books) -> defaultdict[str, Decimal]:
        """Return what a person's orders have left in the account, beyond what the ledger has taken over.

        Who closes by hand what Argo is about to close finds it closed twice, while the broker's views lag: that is
        on nobody's record but the person's, and the reconciler reports it as a stranger's position.
        """
        left: defaultdict[str, Decimal] = defaultdict(Decimal)
        if not books.by_hand:
            return left
        taken_over = {
            fill.order_id
            for execution in self._ledger.every_execution
            if execution.executor == executor
            for fill in execution.fills
        }
        for fill in books.at_broker.fills:
            if fill.order_id in books.by_hand - taken_over:
                left[fill.asset.symbol] += fill.position_change
        return left

    def _naked(self, books: Books) -> Iterator[str]:
        """Yield the symbols whose position no live stop, and no order that closes it, would end."""
        account = books.at_broker
        open_orders = account.open_orders
        a_persons = self._a_persons(account.key_id, books)
        for symbol, position in sorted(account.positions.items()):
            closing = "sell" if position.quantity > 0 else "buy"
            covered = sum(
                (
                    (order.quantity or Decimal(0)) - order.filled_quantity
                    for order in open_orders
                    if order.symbol == symbol
                    and order.side == closing
                    and (order.stop_price or not order.limit_price)
                ),
                Decimal(0),
            )
            if covered + _SMALLEST < abs(position.quantity - a_persons[symbol]):
                yield symbol

    def _account(self, executor: str) -> AccountState | None:
        return self._ledger.find_account(executor)

    def _execution_of(self, order: Order) -> Execution | None:
        root = order.root
        return self._execution_named(root.client_order_id)

    def _execution_named(self, client_order_id: str) -> Execution | None:
        found = _OURS.fullmatch(client_order_id)
        return self._stored(found["signal"], found["executor"]) if found else None

    def _stored(self, signal_id: str, executor: str) -> Execution | None:
        return self._ledger.find(signal_id, executor)

    def _signal_in(self, body: str) -> str | None:
        """Return the signal of a message that is one; a body is read once."""
        if body not in self._signal_of_body:
            try:
                self._signal_of_body[body] = json.loads(body)["signal_id"]
            except (ValueError, KeyError, TypeError):
                self._signal_of_body[body] = None
        return self._signal_of_body[body]

    def _violated(self, rule: str, about: str, detail: str) -> None:
        if all((known.rule, known.about) != (rule, about) for known in self.violations):
            self.violations.append(Violation(self._second(), rule, about, detail))


def _planned(execution: Execution, leg: str | None) -> dict[str, object] | None:
    """Return the body that the record plans for a leg."""
    body = execution.order_body
    if leg not in _ENTRIES:
        part = execution.exit if leg == "exit" else execution.protection
        body = part.order_body if part else None
    return dict(body) if body is not None else None


def _leg(client_order_id: str) -> str | None:
    found = _OURS.fullmatch(client_order_id)
    return found["leg"] if found else None


def _signal(client_order_id: str) -> str:
    found = _OURS.fullmatch(client_order_id)
    return found["signal"] if found else ""


def _filled(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    return defaultdict(Decimal, {fill.order_id: fill.quantity for fill in fills})


def _sign(execution: Execution, fill: Fill) -> int:
    """Return what a fill does to the position: an entry and a correction go the execution's way."""
    towards = fill.leg in {"entry", "correction"}
    return 1 if (execution.side is Side.BUY) == towards else -1
