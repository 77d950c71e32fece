"""One account on the page: its sum, its signals' way step by step, its positions, its equity from the fills."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import accumulate
from operator import itemgetter

from argo.domain.account import AccountState
from argo.domain.conservation import AccountSum, Unresolved, sums, unresolved
from argo.domain.execution import Execution, ExecutionState
from argo.domain.signal import Side
from console.report.reading import Reading
from console.trades import EXITS, Position, filled, latency, positions
from simulation.market.bar_history import BarHistory


class Basis(Enum):
    """What a curve counts; the value says it to a reader."""

    MARKED = "Equity at each bar's close, open positions included, before fees"
    REALISED = "Starting equity plus realised profit, before fees; open positions are not in it"
    PROFIT = "Realised profit since the first day shown, before fees; open positions are not in it"


@dataclass(frozen=True, slots=True)
class Curve:
    """Amounts in USD by time, oldest first; at least one point."""

    basis: Basis
    points: Sequence[tuple[datetime, Decimal]]

    @property
    def drawdowns(self) -> list[Decimal]:
        """At each point the distance to the highest one before it: 0 or negative, USD."""
        amounts = [amount for _, amount in self.points]
        return [amount - peak for amount, peak in zip(amounts, accumulate(amounts, max), strict=True)]

    @property
    def drawdown_shares(self) -> list[float] | None:
        """The drawdowns as fractions of the peak they fell from; None where the curve is not an equity."""
        if self.basis is Basis.PROFIT:
            return None
        peaks = accumulate((amount for _, amount in self.points), max)
        return [float(fall / peak) for fall, peak in zip(self.drawdowns, peaks, strict=True)]

    @property
    def max_drawdown(self) -> Decimal:
        """The deepest fall, USD: 0 or negative."""
        return min(self.drawdowns)

    @property
    def max_drawdown_share(self) -> float | None:
        """The deepest fall as a fraction of its peak; None where the curve is not an equity."""
        return None if self.drawdown_shares is None else min(self.drawdown_shares)


@dataclass(frozen=True, slots=True)
class Account:
    """One account's records; ``realised`` is None without an execution, ``shown`` its equity if that is known.

    ``steps`` say how many of its signals have come so far, and what became of the others, in words.
    """

    name: str
    state: AccountState
    summed: AccountSum
    steps: Sequence[tuple[str, int, str]]
    positions: Sequence[Position]
    latencies: Sequence[timedelta]
    unresolved: Sequence[Unresolved]
    realised: Curve | None
    shown: Curve | None

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
    held = positions(executions)
    realised = realised_curve(reading, name)
    return Account(
        name=name,
        state=reading.accounts[name],
        summed=summed,
        steps=_steps(summed, executions, held),
        positions=held,
        latencies=[taken for execution in executions if (taken := latency(execution)) is not None],
        unresolved=unresolved(reading.records, name),
        realised=realised,
        shown=(marked_curve(reading, name, history) if history and realised else None) or realised,
    )


def _steps(
    summed: AccountSum, executions: Sequence[Execution], held: Sequence[Position]
) -> list[tuple[str, int, str]]:
    closed = sum(position.profit is not None for position in held)
    cancelled = sum(execution.state is ExecutionState.CANCELED for execution in executions)
    exits = sum(execution.state is ExecutionState.CLOSED and not execution.fills for execution in executions)
    unfilled = {f"{cancelled} cancelled unfilled": cancelled, f"{exits} closed another signal's position": exits}
    without = summed.eligible - summed.with_order
    return [
        ("Sent to the account", summed.signals, ""),
        ("Eligible", summed.eligible, f"{summed.denied} denied by the gate" if summed.denied else ""),
        ("With an order", summed.with_order, f"{without} without" if without else ""),
        ("Entry filled", len(held), ", ".join(note for note, count in unfilled.items() if count)),
        ("Position closed", closed, f"{len(held) - closed} open" if len(held) > closed else ""),
    ]


def realised_curve(reading: Reading, executor: str) -> Curve | None:
    """Return what an account's closed trades have earned, added up as they closed; None without a record.

    It begins at the equity that the account was first seen with where the reading is the whole ledger, else at 0.
    """
    executions = reading.executions(executor)
    if not executions:
        return None
    start = reading.accounts[executor].starting_equity if reading.is_whole else None
    amount = start if start is not None and start > 0 else Decimal(0)
    basis = Basis.REALISED if amount else Basis.PROFIT
    points = [(min(each.created_at for each in executions), amount)]
    closed = [(_closed_at(each), each.realised_profit) for each in executions if each.realised_profit is not None]
    for at, profit in sorted(closed):
        amount += profit
        points.append((at, amount))
    last = max(each.updated_at for each in executions)
    return Curve(basis, [*points, (last, amount)] if last > points[-1][0] else points)


def _closed_at(execution: Execution) -> datetime:
    exited = filled(execution, EXITS)
    return exited.at if exited else execution.updated_at


def marked_curve(reading: Reading, executor: str, history: BarHistory) -> Curve | None:
    """Return an account's equity at the close of every bar that was played, from its fills and the closes.

    None where that cannot be known: the equity's start is not, or a fill lies outside the bars.
    """
    start = reading.accounts[executor].starting_equity
    steps = list(history)
    if not reading.is_whole or not start or not steps:
        return None
    changes = deque(sorted(_position_changes(reading.executions(executor)), key=itemgetter(0)))
    if not all(steps[0].start <= at <= history.ends and symbol in history.symbols for at, symbol, _, _ in changes):
        return None
    cash, points = start, [(steps[0].start, start)]
    held = dict.fromkeys(history.symbols, Decimal(0))
    closes: dict[str, Decimal] = {}
    for step in steps:
        closes |= {bar.symbol: bar.close for bar in step.bars}
        while changes and changes[0][0] <= step.end:
            _, symbol, quantity, price = changes.popleft()
            cash -= quantity * price
            held[symbol] += quantity
            closes.setdefault(symbol, price)
        worth = sum((quantity * closes[symbol] for symbol, quantity in held.items() if quantity), Decimal(0))
        points.append((step.end, cash + worth))
    return Curve(Basis.MARKED, points)


def _position_changes(executions: Iterable[Execution]) -> Iterator[tuple[datetime, str, Decimal, Decimal]]:
    """Yield time, symbol, quantity and price of every fill; the quantity is negative where it was sold."""
    for execution in executions:
        for fill in execution.fills:
            is_bought = (execution.side is Side.BUY) != (fill.leg in EXITS)
            yield fill.at, execution.symbol, fill.quantity if is_bought else -fill.quantity, fill.price
