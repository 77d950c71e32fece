"""One account on the page: its sum, its signals' way step by step, its equity, its positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from argo.domain.account import AccountState
from argo.domain.conservation import AccountSum, Unresolved, sums, unresolved
from argo.domain.execution import Execution, ExecutionState
from console.report.equity import Curve, marked_curve, realised_curve
from console.report.reading import Reading
from console.trades import Position, latency, positions
from simulation.market.bar_history import BarHistory


@dataclass(frozen=True, slots=True)
class Step:
    """How many of an account's signals have come so far, and what became of the others, in words."""

    name: str
    count: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One account's records; ``realised`` is None without an execution, ``shown`` its equity if that is known."""

    state: AccountState
    summed: AccountSum
    steps: Sequence[Step]
    positions: Sequence[Position]
    latencies: Sequence[timedelta]
    unresolved: Sequence[Unresolved]
    realised: Curve | None
    shown: Curve | None

    @property
    def name(self) -> str:
        """The account's name in argo.toml."""
        return self.summed.executor

    @property
    def profits(self) -> list[Decimal]:
        """What each position that has ended has earned, USD."""
        return [position.profit for position in self.positions if position.profit is not None]


def accounts(reading: Reading, history: BarHistory | None) -> list[Account]:
    """Return every account of a reading; with the bars that were played its equity is marked to them."""
    return [_account(reading, summed, history) for summed in sums(reading.records, reading.executors)]


def _account(reading: Reading, summed: AccountSum, history: BarHistory | None) -> Account:
    name = summed.executor
    executions = reading.executions(name)
    realised = realised_curve(reading, name)
    marked = marked_curve(reading, name, history) if history and realised else None
    return Account(
        state=reading.accounts[name],
        summed=summed,
        steps=_steps(summed, executions),
        positions=positions(executions),
        latencies=[taken for execution in executions if (taken := latency(execution)) is not None],
        unresolved=unresolved(reading.records, name),
        realised=realised,
        shown=marked or realised,
    )


def _steps(summed: AccountSum, executions: Sequence[Execution]) -> list[Step]:
    filled = positions(executions)
    closed = [position for position in filled if position.profit is not None]
    cancelled = sum(execution.state is ExecutionState.CANCELED for execution in executions)
    exits = sum(execution.state is ExecutionState.CLOSED and not execution.fills for execution in executions)
    unfilled = {f"{cancelled} cancelled unfilled": cancelled, f"{exits} closed another signal's position": exits}
    without = summed.eligible - summed.with_order
    return [
        Step("Sent to the account", summed.signals),
        Step("Eligible", summed.eligible, f"{summed.denied} denied by the gate" if summed.denied else ""),
        Step("With an order", summed.with_order, f"{without} without" if without else ""),
        Step("Entry filled", len(filled), ", ".join(note for note, count in unfilled.items() if count)),
        Step("Position closed", len(closed), f"{held} open" if (held := len(filled) - len(closed)) else ""),
    ]
