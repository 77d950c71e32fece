"""What the referee goes by: the true ledger and the true broker, not what the workers are shown."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from argo.domain.execution import Execution, ExecutionState
from argo.domain.profile import Profile
from simulation.broker import Account, Order
from simulation.ports.ledger import InMemoryLedger
from trials.faults import UnreliableQueue
from trials.referee.names import named
from trials.virtual_time import VirtualClock

UNRESOLVED = frozenset({ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})
"""States that say neither an order nor a reason."""

SMALLEST = Decimal("0.000001")
"""Shares or coins: a smaller difference is rounding."""

_NOTHING = Decimal(0)


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
    _signal_of_body: dict[str, str | None] = field(default_factory=dict)

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

    def signal_in(self, body: str) -> str | None:
        """Return the signal of a message that is one; a body is read once."""
        if body not in self._signal_of_body:
            try:
                self._signal_of_body[body] = json.loads(body)["signal_id"]
            except (ValueError, KeyError, TypeError):
                self._signal_of_body[body] = None
        return self._signal_of_body[body]

    def naked(self, executor: str, open_orders: Iterable[Order]) -> Iterator[str]:
        """Yield the symbols whose position no live stop, and no order that closes it, would end."""
        a_persons = self.a_persons(executor)
        for symbol, position in sorted(self.accounts[executor].at_broker.positions.items()):
            closing = "sell" if position.quantity > 0 else "buy"
            covered = sum(
                (
                    (order.quantity or _NOTHING) - order.filled_quantity
                    for order in open_orders
                    if order.symbol == symbol
                    and order.side == closing
                    and (order.stop_price or not order.limit_price)
                ),
                _NOTHING,
            )
            if covered + SMALLEST < abs(position.quantity - a_persons[symbol]):
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
