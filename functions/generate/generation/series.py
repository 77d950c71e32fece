"""Closed bars of one symbol as numpy columns, with the indicators that were computed from them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate

import numpy as np
from numpy.typing import NDArray

from argo.domain.market import Bar

type Column = NDArray[np.float64]
KEPT = 3
"""Of an indicator's column: the last bar, the one before, and the one before that for "the bars before"."""


class BarSeries:
    """Closed bars, oldest first; columns of equal length that cannot be written to.

    Prices are in USD, the volume in shares or coins, ``seconds`` when each bar began, since 1970, UTC. ``price``
    is the last close, ``began`` when the last bar began, in such seconds.

    An indicator is computed once over all bars and read off at the last one. `before` is the same series a bar
    earlier: because no indicator looks ahead, it reads what was computed for the whole (FAILURES B14). Of the
    columns only the ends are kept; keeping them whole costs more than computing them.
    """

    def __init__(self, room: Column, begin: int, end: int, whole: "BarSeries | None" = None) -> None:
        """Show the bars from ``begin`` to before ``end`` of six rows: prices, volume, seconds since 1970."""
        table = room[:, begin:end]
        table.flags.writeable = False
        self._room = room
        self._end = end
        self._table = table
        self.whole = whole
        self.computed: dict[tuple[object, ...], list[float]] = {}
        rows: list[Column] = [*table]
        self.open, self.high, self.low, self.close, self.volume, self.seconds = rows
        self.price: float = self.close.item(-1)
        self.began: float = self.seconds.item(-1)

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def time(self) -> datetime:
        """When the last bar began, UTC."""
        return self.time_of(-1)

    def time_of(self, number: int) -> datetime:
        """Return when a bar began, UTC."""
        return datetime.fromtimestamp(self.seconds.item(number), UTC)

    def before(self) -> "BarSeries":
        """Return the series without its last bar; there must be two, and it must not be such a series itself."""
        view = BarSeries(self._room, self._end - len(self), self._end - 1, self)
        view.computed = self.computed
        return view

    def extended(self, bars: Sequence[Bar], length: int) -> "BarSeries":
        """Return the last ``length`` bars once these newer ones, at least one, have been added.

        They are written behind this series' own while there is room, which changes nothing that a series shows.
        So only the newest series of a symbol may be extended, and once.
        """
        newer = bars[-length:]
        added, held = len(newer), len(self)
        kept = min(held, length - added)
        room, end = self._room, self._end
        if end + added > room.shape[1]:
            room, end = _room(self._table[:, held - kept :], added + length), kept
        for number, bar in enumerate(newer, end):
            room[:, number] = _row(bar)
        return BarSeries(room, end - kept, end + added)


def at_last_bar[**P](
    compute: Callable[Concatenate[BarSeries, P], Column],
) -> Callable[Concatenate[BarSeries, P], float | None]:
    """Make an indicator of what computes its column, up to the last bar and NaN where it is not warm.

    It returns the value at the last bar, computed once for all who ask, and None while it is not warm.
    """

    @wraps(compute)
    def indicator(bars: BarSeries, /, *period: P.args, **named: P.kwargs) -> float | None:
        key = (compute, period, *named.values())
        whole = bars.whole
        ends = bars.computed.get(key)
        if ends is None:
            column = compute(bars if whole is None else whole, *period, **named)
            ends = bars.computed[key] = column[-KEPT:].tolist()
        from_end = 1 if whole is None else 2
        if from_end > len(ends):
            return None
        value = ends[-from_end]
        return None if value != value else value  # noqa: PLR0124 - NaN, which TA-Lib writes while warming up

    return indicator


def bar_series(bars: Sequence[Bar]) -> BarSeries:
    """Make columns of bars; there must be at least one."""
    table = np.array([_row(bar) for bar in bars], dtype=np.float64).T
    return BarSeries(_room(table, len(bars)), 0, len(bars))


def _row(bar: Bar) -> tuple[float, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume, bar.time.timestamp()


def _room(table: Column, more: int) -> Column:
    """Return columns with room for more bars behind them."""
    room = np.empty((table.shape[0], table.shape[1] + more))
    room[:, : table.shape[1]] = table
    return room
