"""Trades: what the executions with a fill have bought, and how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.execution import Execution
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from console.export.trade import (
    ENTRY,
    EXITS,
    average,
    fill_time,
    last_exit,
    ordered_at,
    planned,
    quantity,
    r_multiple,
)


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution's position, from its entry's fill; prices in USD per unit, ``profit`` in USD before fees.

    Stop and target are the ones it was sent with. While it is open, profit and R are None, and there is an exit
    only where a part of it has been taken back.
    """

    signal_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    entered_at: datetime
    entry_price: Decimal
    stop_price: Decimal | None
    target_price: Decimal | None
    exited_at: datetime | None
    exit_price: Decimal | None
    exit_leg: str | None
    profit: Decimal | None
    r_multiple: Decimal | None


def trades(executions: Iterable[Execution]) -> list[Trade]:
    """Return the trades of an account's executions, in their order."""
    return [trade for execution in executions if (trade := _trade(execution)) is not None]


def closed_at(execution: Execution) -> datetime:
    """Return when an ended execution's position was closed."""
    return fill_time(execution, EXITS) or execution.updated_at


def latency(execution: Execution) -> timedelta | None:
    """Return the time from the making of a signal to its order's acceptance, None without an order."""
    ordered = ordered_at(execution)
    return None if ordered is None else ordered - execution.created_at


def _trade(execution: Execution) -> Trade | None:
    held, entry_price, entered_at = (
        quantity(execution, ENTRY),
        average(execution, ENTRY),
        fill_time(execution, ENTRY),
    )
    if held is None or entered_at is None or entry_price is None:
        return None
    return Trade(
        signal_id=execution.signal_id,
        symbol=execution.symbol,
        side=execution.side,
        quantity=held,
        entered_at=entered_at,
        entry_price=entry_price,
        stop_price=planned(execution, "stop_price"),
        target_price=planned(execution, "target_price"),
        exited_at=fill_time(execution, EXITS),
        exit_price=average(execution, EXITS),
        exit_leg=last_exit(execution),
        profit=execution.realised_profit,
        r_multiple=r_multiple(execution),
    )
