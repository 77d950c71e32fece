"""Signals on price: per symbol its bars, and per account what became of its signals on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import pairwise

from argo.domain.conservation import Row
from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.signal import Side, Signal
from argo.domain.values import iso
from console.report.charts import MOST_POINTS, Figure
from console.report.formats import price, signed
from console.report.reading import Reading
from console.report.trades import Trade, trades
from simulation.market.bar_history import Bar, BarHistory

MOST_SIGNALS = 500
"""How many signals of a symbol are drawn, the newest."""

_MOST_GAPS = 60
_LONGEST_TEXT = 160
_ENTRY = {Side.BUY: "triangle-up", Side.SELL: "triangle-down"}
_EXIT = {"take_profit": "circle", "stop_loss": "x-thin-open"}
EXIT_NAMES = {"take_profit": "target", "stop_loss": "stop", "exit": "early exit"}
"""What a reader calls the leg that closed a position."""


@dataclass(frozen=True, slots=True)
class _Fate:
    """A signal at one account: its trade, or why there is none."""

    signal: Signal
    trade: Trade | None
    said: str

    @property
    def profit(self) -> Decimal | None:
        """What the trade has earned, None until it is closed."""
        return self.trade.profit if self.trade else None


def price_charts(reading: Reading, tape: BarHistory | None) -> dict[str, Figure]:
    """Return every symbol that had a signal with its bars, if any are known, and a layer of traces per account."""
    if not reading.rows:
        return {}
    stored = {each.signal.signal_id: each for each in reading.signals}
    ends = _last_record(reading)
    by_symbol: dict[str, list[tuple[StoredSignal, Row]]] = {}
    for row in reading.rows:
        if row.signal_id in stored:
            by_symbol.setdefault(row.symbol, []).append((stored[row.signal_id], row))
    return {
        symbol: {
            "bars": _bars(symbol, tape),
            "layers": {name: _layer(found[:MOST_SIGNALS], name, ends) for name in reading.executors},
            "signals": len(found),
            "drawn": min(len(found), MOST_SIGNALS),
        }
        for symbol, found in sorted(by_symbol.items())
    }


def _last_record(reading: Reading) -> datetime:
    moved = [each.updated_at for row in reading.rows for each in row.executions.values()]
    return max([*moved, *(row.created_at for row in reading.rows)])


def closed_times(tape: BarHistory | None) -> list[Figure]:
    """Return the times without bars, which a chart of bars within the day leaves out; none where too many."""
    if tape is None or tape.timeframe.is_daily:
        return []
    gaps = [(one.end, other.start) for one, other in pairwise(tape) if other.start > one.end]
    return [{"bounds": [iso(end), iso(start)]} for end, start in gaps] if len(gaps) <= _MOST_GAPS else []


def _bars(symbol: str, tape: BarHistory | None) -> Figure | None:
    bars = [bar for bar in tape.bars if bar.symbol == symbol] if tape else []
    if not bars:
        return None
    together = -(-len(bars) // MOST_POINTS)
    drawn = [_joined(bars[at : at + together]) for at in range(0, len(bars), together)]
    figure: Figure = {"x": [iso(bar.start) for bar in drawn], "together": together}
    for name in ("open", "high", "low", "close"):
        figure[name] = [float(getattr(bar, name)) for bar in drawn]
    return figure


def _joined(bars: Sequence[Bar]) -> Bar:
    """Return one bar that says of several what each says of its own time."""
    first, last = bars[0], bars[-1]
    return Bar(
        symbol=first.symbol,
        start=first.start,
        end=last.end,
        open=first.open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=last.close,
        volume=sum((bar.volume for bar in bars), Decimal(0)),
    )


def _layer(found: Iterable[tuple[StoredSignal, Row]], executor: str, ends: datetime) -> Figure:
    fates = [_fate(stored, row, executor) for stored, row in found]
    held = [trade for fate in fates if (trade := fate.trade) is not None]
    return {
        "trades": len(held),
        "traces": [
            _levels("target", "solid", [(trade, trade.target_price) for trade in held], ends),
            _levels("stop", "dot", [(trade, trade.stop_price) for trade in held], ends),
            _entries("signal, not traded", "--muted", [fate for fate in fates if fate.trade is None]),
            _paths("gained", "--gain", [fate for fate in fates if fate.profit is not None and fate.profit > 0]),
            _paths("lost", "--loss", [fate for fate in fates if fate.profit is not None and fate.profit <= 0]),
            _entries("open", "--accent", [fate for fate in fates if fate.trade and fate.profit is None]),
        ],
    }


def _fate(stored: StoredSignal, row: Row, executor: str) -> _Fate:
    execution = row.executions.get(executor)
    if execution is None:
        sent = "not received yet" if executor in row.addressed else "not sent to it"
        said = f"{sent}: {row.declined[executor]}" if executor in row.declined else sent
        return _Fate(stored.signal, None, said)
    trade = next(iter(trades([execution])), None)
    return _Fate(stored.signal, trade, _outcome(execution, trade)[:_LONGEST_TEXT])


def _outcome(execution: Execution, trade: Trade | None) -> str:
    if trade is not None and trade.profit is not None:
        gained = f"{price(trade.exit_price)}, {signed(trade.profit)} USD, {signed(trade.r_multiple)} R"
        return f"{EXIT_NAMES.get(trade.exit_leg or '', 'exit')} at {gained}"
    if execution.reason is None:
        return str(execution.state)
    numbers = [f"{name} {value}" for name, value in execution.detail.items()]
    return ", ".join([f"{execution.state} {execution.reason}", *numbers])


def _hover(fate: _Fate) -> str:
    """Return what is told of a signal; Plotly reads a little HTML, so whatever the ledger has is escaped."""
    signal = fate.signal
    lines = [
        f"<b>{escape(signal.symbol)} {signal.side}</b>, confidence {signal.confidence}",
        f"signal: entry {signal.entry_price}, stop {signal.stop_price}, target {signal.target_price}",
        escape(fate.said),
        f"{signal.created_at:%Y-%m-%d %H:%M} UTC, {signal.signal_id}",
    ]
    return "<br>".join(lines)


def _entries(name: str, color: str, fates: Sequence[_Fate]) -> Figure:
    """Mark where signals were made or entries filled: hollow where nothing came of them."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [iso(fate.trade.entered_at if fate.trade else fate.signal.created_at) for fate in fates],
        "y": [float(fate.trade.entry_price if fate.trade else fate.signal.entry_price) for fate in fates],
        "text": [_hover(fate) for fate in fates],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": [_ENTRY[fate.signal.side] + ("" if fate.trade else "-open") for fate in fates],
            "size": 9,
            "color": color,
            "line": {"width": 1, "color": color},
        },
    }


def _paths(name: str, color: str, fates: Sequence[_Fate]) -> Figure:
    """Draw closed trades, each from its entry to its exit, with nothing between two of them."""
    times: list[str | None] = []
    prices: list[float | None] = []
    symbols: list[str] = []
    texts: list[str] = []
    for fate in fates:
        trade = fate.trade
        if trade is None or trade.exited_at is None or trade.exit_price is None:
            continue
        times += [iso(trade.entered_at), iso(trade.exited_at), None]
        prices += [float(trade.entry_price), float(trade.exit_price), None]
        symbols += [_ENTRY[trade.side], _EXIT.get(trade.exit_leg or "", "diamond"), "circle"]
        texts += [_hover(fate), _hover(fate), ""]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": times,
        "y": prices,
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": color, "width": 1.5},
        "marker": {"symbol": symbols, "size": 10, "color": color, "line": {"width": 2, "color": color}},
    }


def _levels(name: str, dash: str, levels: Iterable[tuple[Trade, Decimal | None]], ends: datetime) -> Figure:
    """Draw the stops or the targets that trades were sent with, each as long as its position was held."""
    times: list[str | None] = []
    prices: list[float | None] = []
    for trade, level in levels:
        if level is not None:
            closed = trade.exited_at if trade.profit is not None else None
            times += [iso(trade.entered_at), iso(closed or ends), None]
            prices += [float(level), float(level), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times,
        "y": prices,
        "hoverinfo": "skip",
        "line": {"color": "--level", "width": 1, "dash": dash},
    }
