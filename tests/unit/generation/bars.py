"""Bars for the generator's unit tests: made of closes, mirrored, and the sample's real ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from argo.domain.market import Bar
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from generation.series import BarSeries, bar_series
from simulation.market.bars import load_bars
from simulation.market.sessions import exchange_date
from worlds.paths import SAMPLE_BARS

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


def bars_of(
    closes: Sequence[float],
    *,
    end: datetime = OPENING,
    timeframe: Timeframe = Timeframe.MINUTE,
    spread: float = 0.5,
    volume: float = 1000.0,
) -> list[Bar]:
    """Make bars one after the other, the last of them closed at ``end``."""
    first = end - len(closes) * timeframe.duration
    opens = [closes[0], *closes[:-1]]
    return [
        Bar(
            first + number * timeframe.duration,
            open=before,
            high=max(before, close) + spread,
            low=min(before, close) - spread,
            close=close,
            volume=volume,
        )
        for number, (before, close) in enumerate(zip(opens, closes, strict=True))
    ]


def series_of(closes: Sequence[float], *, busy: float = 1, **options: float) -> BarSeries:
    """Make columns of bars; the last has ``busy`` times the others' volume."""
    *before, last = bars_of(closes, **options)
    return bar_series([*before, replace(last, volume=last.volume * busy)])


def each_series(bars: Sequence[Bar], length: int = 260, first: int = 1) -> Iterator[BarSeries]:
    """Yield the last ``length`` bars after each bar from the ``first`` on, extended as a generator does."""
    series = bar_series(bars[max(0, first - length) : first])
    yield series
    for bar in bars[first:]:
        series = series.extended([bar], length)
        yield series


def bars_in(series: BarSeries) -> list[Bar]:
    """Turn columns back into bars."""
    columns = (series.open, series.high, series.low, series.close, series.volume)
    return [Bar(series.time_of(number), *map(float, row)) for number, row in enumerate(zip(*columns, strict=True))]


def mirrored(bars: Sequence[Bar], around: float = 200) -> list[Bar]:
    """Turn rises into falls."""
    return [
        replace(
            bar,
            open=2 * around - bar.open,
            high=2 * around - bar.low,
            low=2 * around - bar.high,
            close=2 * around - bar.close,
        )
        for bar in bars
    ]


@cache
def real_bars() -> Mapping[Symbol, Sequence[Bar]]:
    """Read the sample's daily bars; a bar's time is its session's opening."""
    found: dict[Symbol, list[Bar]] = {}
    for bar in load_bars(SAMPLE_BARS).bars:
        numbers = (float(number) for number in (bar.open, bar.high, bar.low, bar.close, bar.volume))
        found.setdefault(Symbol(bar.symbol), []).append(Bar(bar.start, *numbers))
    return found


@cache
def sessions() -> Sequence[date]:
    """Return the exchange's dates in the sample, oldest first."""
    return sorted({exchange_date(bar.time) for bars in real_bars().values() for bar in bars})
