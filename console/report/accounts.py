"""One account on the page: its sum, its signals' way from stage to stage, its equity, its trades."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from argo.domain.account import AccountState
from argo.domain.conservation import AccountSum, Unresolved, sums, unresolved
from argo.domain.execution import Execution, ExecutionState
from console.report.equity import Curve, marked_curve, realised_curve
from console.report.reading import Reading
from console.report.trades import Trade, latency, trades
from console.why import meaning
from simulation.market.bar_history import BarHistory


@dataclass(frozen=True, slots=True)
class Stage:
    """How many of an account's signals have come so far, and what became of the others, in words."""

    name: str
    count: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A reason for which signals did not become orders, with its meaning."""

    code: str
    meaning: str
    count: int


@dataclass(frozen=True, slots=True)
class Account:
    """One account's records; ``realised`` is None without an execution, ``shown`` its equity if that is known."""

    state: AccountState
    summed: AccountSum
    stages: Sequence[Stage]
    why_not: Sequence[WhyNot]
    trades: Sequence[Trade]
    latencies: Sequence[timedelta]
    unresolved: Sequence[Unresolved]
    realised: Curve | None
    shown: Curve | None

    @property
    def name(self) -> str:
        """The account's name in argo.toml."""
        return self.summed.executor

    @property
    def closed(self) -> list[Trade]:
        """The trades that have ended."""
        return [trade for trade in self.trades if trade.profit is not None]

    @property
    def won(self) -> list[Trade]:
        """The trades that ended with a profit."""
        return [trade for trade in self.closed if trade.profit is not None and trade.profit > 0]


def accounts(reading: Reading, tape: BarHistory | None) -> list[Account]:
    """Return every account of a reading; with the bars that were played its equity is marked to them."""
    return [_account(reading, summed, tape) for summed in sums(reading.rows, reading.executors)]


def _account(reading: Reading, summed: AccountSum, tape: BarHistory | None) -> Account:
    name = summed.executor
    executions = reading.executions(name)
    realised = realised_curve(reading, name)
    marked = marked_curve(reading, name, tape) if tape and realised else None
    return Account(
        state=reading.accounts[name],
        summed=summed,
        stages=_stages(summed, executions),
        why_not=[WhyNot(code, meaning(code), count) for code, count in summed.reasons.most_common()],
        trades=trades(executions),
        latencies=[taken for execution in executions if (taken := latency(execution)) is not None],
        unresolved=unresolved(reading.rows, name),
        realised=realised,
        shown=marked or realised,
    )


def _stages(summed: AccountSum, executions: Sequence[Execution]) -> list[Stage]:
    filled = trades(executions)
    closed = [trade for trade in filled if trade.profit is not None]
    cancelled = sum(execution.state is ExecutionState.CANCELED for execution in executions)
    exits = sum(execution.state is ExecutionState.CLOSED and not execution.fills for execution in executions)
    unfilled = {f"{cancelled} cancelled unfilled": cancelled, f"{exits} closed another signal's position": exits}
    without = summed.eligible - summed.with_order
    return [
        Stage("Sent to the account", summed.signals),
        Stage("Eligible", summed.eligible, f"{summed.denied} denied by the gate" if summed.denied else ""),
        Stage("With an order", summed.with_order, f"{without} without" if without else ""),
        Stage("Entry filled", len(filled), ", ".join(note for note, count in unfilled.items() if count)),
        Stage("Position closed", len(closed), f"{held} open" if (held := len(filled) - len(closed)) else ""),
    ]
