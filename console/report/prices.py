"""Signals on price: per symbol its bars, and per account what became of its signals on them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import NamedTuple

from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.domain.signal import Side, Signal
from argo.domain.values import iso
from console.outcomes import waits_or_not_sent
from console.report.charts import MOST_POINTS, Figure, scatter
from console.report.formats import price, signed
from console.report.reading import Reading
from console.trades import Position, positions, r_multiple
from simulation.market.bar_history import Bar, BarHistory

MOST_SIGNALS = 500
"""How many signals of a symbol are drawn, the newest."""

_MOST_GAPS = 60
_LONGEST_TEXT = 160
_ENTRY = {Side.BUY: "triangle-up", Side.SELL: "triangle-down"}
_EXIT = {"take_profit": "circle", "stop_loss": "x-thin-open"}
EXIT_NAMES = {"take_profit": "target", "stop_loss": "stop", "exit": "early exit"}
"""What a reader calls the leg that closed a position."""


class _Drawn(NamedTuple):
    """A signal at one account, with its position if it has one; ``profit`` is the position's, once closed."""

    signal: Signal
    position: Position | None
    text: str
    profit: Decimal | None = None


def price_charts(reading: Reading, history: BarHistory | None) -> dict[str, Figure]:
    """Return every symbol that had a signal with its bars, if any are known, and a layer of traces per account."""
    if not reading.records:
        return {}
    moved = [each.updated_at for record in reading.records for each in record.executions.values()]
    ends = max([*moved, *(record.created_at for record in reading.records)])
    by_symbol: dict[str, list[SignalRecord]] = {}
    for record in reading.records:
        if record.stored is not None:
            by_symbol.setdefault(record.stored.signal.symbol, []).append(record)
    return {
        symbol: {
            "bars": _bars(symbol, history),
            "layers": {name: _layer(found[:MOST_SIGNALS], name, ends) for name in reading.executors},
            "signals": len(found),
            "drawn": min(len(found), MOST_SIGNALS),
        }
        for symbol, found in sorted(by_symbol.items())
    }


def closed_times(history: BarHistory | None) -> list[Figure]:
    """Return the times without bars, which a chart of bars within the day leaves out; none where too many."""
    if history is None or history.timeframe.is_daily:
        return []
    gaps = [(one.end, other.start) for one, other in pairwise(history) if other.start > one.end]
    return [{"bounds": [iso(end), iso(start)]} for end, start in gaps] if len(gaps) <= _MOST_GAPS else []


def _bars(symbol: str, history: BarHistory | None) -> Figure | None:
    bars = [bar for bar in history.bars if bar.symbol == symbol] if history else []
    if not bars:
        return None
    together = -(-len(bars) // MOST_POINTS)
    drawn = [_joined(bars[at : at + together]) for at in range(0, len(bars), together)]
    return {
        "x": [iso(bar.start) for bar in drawn],
        "together": together,
        **{name: [float(getattr(bar, name)) for bar in drawn] for name in ("open", "high", "low", "close")},
    }


def _joined(bars: Sequence[Bar]) -> Bar:
    return replace(
        bars[0],
        end=bars[-1].end,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum((bar.volume for bar in bars), Decimal(0)),
    )


def _layer(found: Iterable[SignalRecord], executor: str, ends: datetime) -> Figure:
    drawn = [_drawn(record.stored.signal, record, executor) for record in found if record.stored]
    held = [position for each in drawn if (position := each.position) is not None]
    return {
        "trades": len(held),
        "traces": [
            _levels("target", "solid", held, ends),
            _levels("stop", "dot", held, ends),
            _entries("signal, not traded", "--muted", [each for each in drawn if each.position is None]),
            _paths("gained", "--gain", [each for each in drawn if each.profit is not None and each.profit > 0]),
            _paths("lost", "--loss", [each for each in drawn if each.profit is not None and each.profit <= 0]),
            _entries("open", "--accent", [each for each in drawn if each.position and each.profit is None]),
        ],
    }


def _drawn(signal: Signal, record: SignalRecord, executor: str) -> _Drawn:
    execution = record.executions.get(executor)
    if execution is None:
        said = waits_or_not_sent(record, executor)
        why = record.declined.get(executor)
        return _Drawn(signal, None, _hover(signal, said if why is None else f"{said}: {why}"))
    position = next(iter(positions([execution])), None)
    text = _hover(signal, _outcome(execution, position)[:_LONGEST_TEXT])
    return _Drawn(signal, position, text, position.profit if position else None)


def _outcome(execution: Execution, position: Position | None) -> str:
    if position is not None and position.profit is not None:
        leg, at = (position.exit.leg, position.exit.price) if position.exit else ("", None)
        gained = f"{price(at)}, {signed(position.profit)} USD, {signed(r_multiple(execution))} R"
        return f"{EXIT_NAMES.get(leg, 'exit')} at {gained}"
    if execution.reason is None:
        return str(execution.state)
    numbers = [f"{name} {value}" for name, value in execution.detail.items()]
    return ", ".join([f"{execution.state} {execution.reason}", *numbers])


def _hover(signal: Signal, said: str) -> str:
    """Return what is told of a signal; Plotly reads a little HTML, so whatever the ledger has is escaped."""
    lines = [
        f"<b>{escape(signal.symbol)} {signal.side}</b>, confidence {signal.confidence}",
        f"signal: entry {signal.entry_price}, stop {signal.stop_price}, target {signal.target_price}",
        escape(said),
        f"{signal.created_at:%Y-%m-%d %H:%M} UTC, {signal.signal_id}",
    ]
    return "<br>".join(lines)


def _entries(name: str, color: str, found: Sequence[_Drawn]) -> Figure:
    """Mark where signals were made or entries filled: hollow where nothing came of them."""
    return scatter(
        "markers",
        name=name,
        x=[iso(each.position.entry.at if each.position else each.signal.created_at) for each in found],
        y=[float(each.position.entry.price if each.position else each.signal.entry_price) for each in found],
        text=[each.text for each in found],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": [_ENTRY[each.signal.side] + ("" if each.position else "-open") for each in found],
            "size": 9,
            "color": color,
            "line": {"width": 1, "color": color},
        },
    )


def _paths(name: str, color: str, found: Iterable[_Drawn]) -> Figure:
    """Draw closed positions, each from its entry to its exit, with nothing between two of them."""
    times: list[str | None] = []
    prices: list[float | None] = []
    symbols: list[str] = []
    texts: list[str] = []
    for each in found:
        if each.position is None or each.position.exit is None:
            continue
        entry, exit_ = each.position.entry, each.position.exit
        times += [iso(entry.at), iso(exit_.at), None]
        prices += [float(entry.price), float(exit_.price), None]
        symbols += [_ENTRY[each.position.execution.side], _EXIT.get(exit_.leg, "diamond"), "circle"]
        texts += [each.text, each.text, ""]
    return scatter(
        "lines+markers",
        name=name,
        x=times,
        y=prices,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        line={"color": color, "width": 1.5},
        marker={"symbol": symbols, "size": 10, "color": color, "line": {"width": 2, "color": color}},
    )


def _levels(name: str, dash: str, held: Iterable[Position], ends: datetime) -> Figure:
    """Draw the stops or the targets that entries were sent with, each as long as its position was held."""
    times: list[str | None] = []
    prices: list[float | None] = []
    for each in held:
        level = each.execution.planned_stop if name == "stop" else each.execution.planned_target
        if level is not None:
            closed = each.exit.at if each.exit and each.profit is not None else ends
            times += [iso(each.entry.at), iso(closed), None]
            prices += [float(level), float(level), None]
    line = {"color": "--level", "width": 1, "dash": dash}
    return scatter("lines", name=name, x=times, y=prices, hoverinfo="skip", line=line)
