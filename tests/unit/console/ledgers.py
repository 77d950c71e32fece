"""What a ledger says, built without one: readings for the report."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.execution import Execution, ExecutionState, Transition
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.placements import Fill
from argo.domain.signal import Side, Signal
from console.report.reading import Reading
from simulation.market.bar_history import DAILY, Bar, BarHistory
from tests.unit.builders import BAR_TIME, a_signal, an_account_state, an_execution

DAY = timedelta(days=1)
LATENCY = timedelta(seconds=2)


def day(number: int) -> datetime:
    """Return the opening of a day, counted from the first."""
    return BAR_TIME + number * DAY


def a_fill(leg: str, price: object, at: datetime, quantity: object = 10) -> Fill:
    return Fill(order_id=f"{leg}-{at}", leg=leg, quantity=Decimal(quantity), price=Decimal(str(price)), at=at)


def a_trade(*fills: Fill, profit: object = None, number: int = 0, side: Side = Side.BUY, **overrides: object):
    """Build the execution of a day's signal with these fills, closed where there is a profit."""
    signal = _signal(number, overrides.get("symbol", "AAPL"), side)
    usual = {
        "signal_id": signal.signal_id,
        "symbol": signal.symbol,
        "side": side,
        "state": ExecutionState.FILLED if profit is None else ExecutionState.CLOSED,
        "created_at": signal.created_at,
        "updated_at": max((fill.at for fill in fills), default=signal.created_at),
        "order_id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
        "order_body": {"qty": "10"},
        "detail": {"stop_price": "95", "target_price": "110"},
        "fills": fills,
        "realised_profit": None if profit is None else Decimal(str(profit)),
        "history": (Transition(state=ExecutionState.SUBMITTED, at=signal.created_at + LATENCY, epoch=1),),
    }
    return an_execution(**usual | overrides)


def a_denial(reason: str, number: int = 0, **overrides: object) -> Execution:
    nothing = {"order_id": None, "order_body": None, "history": (), "detail": {}}
    return a_trade(number=number, **nothing | {"state": ExecutionState.DENIED, "reason": reason} | overrides)


def a_reading(*executions: Execution, is_whole: bool = True, equity: object = 1_000, **account: object) -> Reading:
    """Build what the ledger of one account says; ``equity`` is what it began with, None where nobody looked."""
    records = []
    for execution in executions:
        signal = _signal((execution.created_at - BAR_TIME) // DAY, execution.symbol, execution.side)
        stored = StoredSignal(signal, "simulated", frozenset({"argo"}), frozenset())
        records.append(SignalRecord(stored, {"argo": execution}))
    state = an_account_state(**{"starting_equity": None if equity is None else Decimal(equity)} | account)
    return Reading(("argo",), records, {"argo": state}, is_whole=is_whole)


def a_history(*closes: object, symbol: str = "AAPL") -> BarHistory:
    """Build a daily history with these closes."""
    bars = []
    for number, close in enumerate(closes):
        price = Decimal(str(close))
        ends = day(number) + timedelta(hours=6)
        bars.append(Bar(symbol, day(number), ends, price, price, price, price, Decimal(1)))
    return BarHistory(bars, DAILY)


def closes_of(numbers: Sequence[int]) -> list[datetime]:
    """Return when the bars of `a_history` close."""
    return [day(number) + timedelta(hours=6) for number in numbers]


def _signal(number: int, symbol: object, side: Side) -> Signal:
    created = day(number) + timedelta(minutes=1)
    times = {"bar_time": day(number), "created_at": created, "expires_at": created + timedelta(minutes=5)}
    return a_signal(symbol=symbol, side=side, **times)
