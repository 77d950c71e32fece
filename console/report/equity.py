"""An account's equity over time, rebuilt from the ledger's fills, and how far it fell."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import accumulate
from operator import attrgetter

from argo.domain.execution import Execution
from argo.domain.signal import Side
from console.report.reading import Reading
from console.trades import EXITS, filled
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
    for closed, profit in sorted(_profits(executions)):
        amount += profit
        points.append((closed, amount))
    last = max(each.updated_at for each in executions)
    return Curve(basis, [*points, (last, amount)] if last > points[-1][0] else points)


def marked_curve(reading: Reading, executor: str, history: BarHistory) -> Curve | None:
    """Return an account's equity at the close of every bar that was played, from its fills and the closes.

    None where that cannot be known: the equity's start is not, or a fill lies outside the bars.
    """
    start = reading.accounts[executor].starting_equity
    steps = list(history)
    if not reading.is_whole or not start or not steps:
        return None
    flows = sorted(_flows(reading.executions(executor)), key=attrgetter("at"))
    if not all(steps[0].start <= flow.at <= history.ends and flow.symbol in history.symbols for flow in flows):
        return None
    cash, points = start, [(steps[0].start, start)]
    held = dict.fromkeys(history.symbols, Decimal(0))
    closes: dict[str, Decimal] = {}
    waiting = deque(flows)
    for step in steps:
        closes |= {bar.symbol: bar.close for bar in step.bars}
        while waiting and waiting[0].at <= step.end:
            flow = waiting.popleft()
            cash -= flow.quantity * flow.price
            held[flow.symbol] += flow.quantity
            closes.setdefault(flow.symbol, flow.price)
        worth = sum((quantity * closes[symbol] for symbol, quantity in held.items() if quantity), Decimal(0))
        points.append((step.end, cash + worth))
    return Curve(Basis.MARKED, points)


@dataclass(frozen=True, slots=True)
class _Flow:
    """What a fill did to a position: ``quantity`` is negative where it was sold."""

    at: datetime
    symbol: str
    quantity: Decimal
    price: Decimal


def _flows(executions: Iterable[Execution]) -> list[_Flow]:
    return [
        _Flow(
            at=fill.at,
            symbol=execution.symbol,
            quantity=fill.quantity if (execution.side is Side.BUY) != (fill.leg in EXITS) else -fill.quantity,
            price=fill.price,
        )
        for execution in executions
        for fill in execution.fills
    ]


def _profits(executions: Iterable[Execution]) -> Iterator[tuple[datetime, Decimal]]:
    for each in executions:
        if each.realised_profit is not None:
            exited = filled(each, EXITS)
            yield exited.at if exited else each.updated_at, each.realised_profit
