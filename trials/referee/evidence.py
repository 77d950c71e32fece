"""What the referee goes by: the true ledger and the true broker, not what the workers are shown."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import StoredSignal
from argo.domain.profile import Profile
from simulation.broker import Account
from simulation.ports.ledger import InMemoryLedger
from trials.unreliable_queue import UnreliableQueue
from trials.virtual_time import VirtualClock

UNRESOLVED = frozenset({ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})
"""States that say neither an order nor a reason."""

SMALLEST = Decimal("0.000001")
"""Shares or coins: a smaller difference is rounding."""

ENTRIES = frozenset({"entry", "flip"})
"""The legs that open a position."""

_OURS = re.compile(r"argo-(?P<executor>\w+)-(?P<signal_id>[0-9a-f]{24})-(?P<leg>[a-z]+)\d*")


class Name(NamedTuple):
    """Whose order a client order id names: of which account and signal, and which leg."""

    executor: str
    signal_id: str
    leg: str


@lru_cache(maxsize=4_096)
def named(client_order_id: str) -> Name | None:
    """Return what a client order id says, None when it is nobody's but the broker's or a person's."""
    found = _OURS.fullmatch(client_order_id)
    return Name(**found.groupdict()) if found else None


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


@dataclass(slots=True)
class Evidence:
    """One run as it truly is, and the violations found in it so far.

    ``accounts`` are every account's books, by executor; ``clock`` is the true time, ``second`` the virtual one.
    """

    ledger: InMemoryLedger
    accounts: Mapping[str, Books]
    clock: VirtualClock
    second: Callable[[], float]
    violations: list[Violation] = field(default_factory=list)

    def violated(self, rule: str, about: str, detail: str) -> None:
        """Note a violation; the first of a rule and a record stands for all."""
        if all((known.rule, known.about) != (rule, about) for known in self.violations):
            self.violations.append(Violation(self.second(), rule, about, detail))

    def execution_named(self, client_order_id: str) -> Execution | None:
        """Return the execution that an order is of, by its client order id."""
        name = named(client_order_id)
        return self.ledger.find(name.signal_id, name.executor) if name else None

    def executions_of(self, executor: str) -> Iterator[Execution]:
        """Yield one account's executions."""
        return (execution for execution in self.ledger.every_execution if execution.executor == executor)

    def unclaimed(self, stored: StoredSignal) -> set[str]:
        """Return the accounts that a signal's message was sent to and that have no execution of it."""
        signal_id = stored.signal.signal_id
        sent = stored.published_to - stored.awaiting
        return {executor for executor in sent if self.ledger.find(signal_id, executor) is None}

    def unprotected(self, executor: str) -> Iterator[str]:
        """Yield the symbols whose position no live stop, and no order that closes it, would end."""
        at_broker, a_persons = self.accounts[executor].at_broker, self.a_persons(executor)
        covered: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for order in at_broker.open_orders:
            if order.stop_price or not order.limit_price:
                covered[order.symbol, order.side] += (order.quantity or 0) - order.filled_quantity
        for symbol, position in sorted(at_broker.positions.items()):
            closing = "sell" if position.quantity > 0 else "buy"
            # What a person sold of it needs no stop any more, though the ledger may not have taken that over yet.
            to_cover = min(abs(position.quantity), abs(position.quantity - a_persons[symbol]))
            if covered[symbol, closing] + SMALLEST < to_cover:
                yield symbol

    def a_persons(self, executor: str) -> defaultdict[str, Decimal]:
        """Return what a person's orders have left in an account, beyond what the ledger has taken over.

        Who closes by hand what Argo is about to close finds it closed twice, while the broker's views lag: that is
        on nobody's record but the person's, and the reconciler reports it as a stranger's position.
        """
        books = self.accounts[executor]
        left: defaultdict[str, Decimal] = defaultdict(Decimal)
        if not books.by_hand:
            return left
        taken_over = {fill.order_id for execution in self.executions_of(executor) for fill in execution.fills}
        for fill in books.at_broker.fills:
            if fill.order_id in books.by_hand - taken_over:
                left[fill.asset.symbol] += fill.position_change
        return left
