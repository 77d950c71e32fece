"""Read a file of OHLCV bars, refusing what could not have traded."""

import csv
import gzip
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import count, pairwise
from pathlib import Path
from typing import IO, cast

from argo.domain.values import is_number
from simulation.market.bar_history import DAILY, MINUTE, Bar, BarHistory, Timeframe
from simulation.market.sessions import session_of

COLUMNS = ("timestamp", "symbol", "open", "high", "low", "close", "volume")
_PRICES = ("open", "high", "low", "close")
_ISO_DATE_LENGTH = len("2013-03-01")
_ROUNDING = Decimal("0.0001")
"""How far, relatively, adjusted prices may lie outside their own bar: each is rounded by itself."""

_DEAREST = 10**9
_MOST = 10**18
_YEARS = range(1800, 2201)
"""Whatever lies beyond is a mistake in the file, and arithmetic would fail on it later."""

_SHOWN = 60
"""Characters of a value that an error shows."""

_LONGEST_LINE = 64 * 1024
"""Characters; a small gzip file can hold one line of gigabytes (FAILURES C85)."""


class BarsFileError(Exception):
    """A bars file cannot be used; the message names the file and, where it can, row, column and value."""


class _FaultyValueError(Exception):
    """One value is wrong; the reader of the file adds where it stood."""


def load_bars(path: Path | str) -> BarHistory:
    """Read bars from a CSV file, plain or gzipped (`.gz`), in any order of rows and columns.

    The header names timestamp, symbol, open, high, low, close and volume in any case; further columns are
    ignored. A timestamp is a date (a daily bar: that exchange date's regular session) or the bar's start in
    ISO 8601 with an offset; one file holds one kind. The timeframe of the latter is the smallest spacing
    between two bars of a symbol.

    Raises:
        BarsFileError: the file is missing, unreadable or empty, or a value in it is wrong.
    """
    path = Path(path)
    try:
        with _open(path) as lines:
            return _history(path, lines)
    except OSError as error:
        raise BarsFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BarsFileError(f"{path}: not a whole gzip file: {error}") from error
    except UnicodeDecodeError as error:
        raise BarsFileError(f"{path}: not UTF-8: {error}") from error
    except csv.Error as error:
        raise BarsFileError(f"{path}: not CSV: {error}") from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _bounded(path: Path, lines: IO[str]) -> Iterator[str]:
    for number in count(1):
        line = lines.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise BarsFileError(f"{path}, row {number}: longer than {_LONGEST_LINE:,} characters")
        yield line


def _history(path: Path, lines: IO[str]) -> BarHistory:
    reader = csv.reader(_bounded(path, lines))
    rows = filter(any, reader)
    header = next(rows, None)
    if header is None:
        raise BarsFileError(f"{path}: the file is empty")
    try:
        bars, timed = _parsed(header, rows)
    except _FaultyValueError as error:
        raise BarsFileError(f"{path}, row {reader.line_num}: {error}") from error
    if not bars:
        raise BarsFileError(f"{path}: holds no bars")
    return _intraday(path, bars) if timed else BarHistory(bars, DAILY)


def _parsed(header: list[str], rows: Iterable[list[str]]) -> tuple[Collection[Bar], bool]:
    """Return the bars, and whether they start at a time of the day."""
    names = [name.strip().lower() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise _FaultyValueError(f"missing column {', '.join(missing)} (found: {_short(', '.join(header))})")
    bars: dict[tuple[datetime, str], Bar] = {}
    timed = False
    for values in rows:
        row = dict(zip(names, map(str.strip, values), strict=False))
        if empty := [name for name in COLUMNS if not row.get(name)]:
            raise _FaultyValueError(f"column {empty[0]}: no value")
        bar, timestamp = _bar(row), row["timestamp"]
        if bars and _is_timed(timestamp) != timed:
            raise _FaultyValueError(f"column timestamp: dates and times are mixed: {timestamp!r}")
        if (bar.start, bar.symbol) in bars:
            raise _FaultyValueError(f"column timestamp: a second bar of {_short(bar.symbol)} at {timestamp}")
        timed = _is_timed(timestamp)
        bars[bar.start, bar.symbol] = bar
    return bars.values(), timed


def _bar(row: Mapping[str, str]) -> Bar:
    numbers = {name: _number(name, row[name]) for name in (*_PRICES, "volume")}
    for name in _PRICES:
        if numbers[name] <= 0:
            raise _FaultyValueError(f"column {name}: a price must be positive, got {_short(row[name])}")
        if numbers[name] >= _DEAREST:
            raise _FaultyValueError(f"column {name}: a price is below {_DEAREST:,} USD, got {_short(row[name])}")
    if not 0 <= numbers["volume"] < _MOST:
        raise _FaultyValueError(f"column volume: must be 0 or more, below {_MOST:,}, got {_short(row['volume'])}")
    high, low = numbers["high"], numbers["low"]
    if high < low:
        raise _FaultyValueError(f"column high: {high} is below the low, {low}")
    for name in ("open", "close"):
        inside = low <= numbers[name] <= high
        if not inside and not low * (1 - _ROUNDING) <= numbers[name] <= high * (1 + _ROUNDING):
            raise _FaultyValueError(f"column {name}: {numbers[name]} is outside the bar's {low} to {high}")
    if not row["symbol"].isascii():
        raise _FaultyValueError(f"column symbol: not a symbol: {_short(row['symbol'])!r}")
    start, end = _times(row["timestamp"])
    return Bar(symbol=row["symbol"].upper(), start=start, end=end, **numbers)


def _number(column: str, text: str) -> Decimal:
    try:
        number = Decimal(text) if is_number(text) else None
    except InvalidOperation:  # An exponent beyond what a number can be.
        number = None
    if number is None:
        raise _FaultyValueError(f"column {column}: not a number: {_short(text)!r}")
    return number


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _times(text: str) -> tuple[datetime, datetime]:
    timed = _is_timed(text)
    try:
        start = datetime.fromisoformat(text) if timed else datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        said = f"column timestamp: neither a date nor an ISO 8601 time: {_short(text)!r}"
        raise _FaultyValueError(said) from None
    if start.year not in _YEARS:
        raise _FaultyValueError(f"column timestamp: not of {_YEARS[0]} to {_YEARS[-1]}: {text!r}")
    if not timed:
        session = session_of(start.date())
        return session.opens, session.closes
    if start.tzinfo is None:
        raise _FaultyValueError(f"column timestamp: a time needs its UTC offset: {text!r}")
    start = start.astimezone(UTC)
    return start, start


def _is_timed(timestamp: str) -> bool:
    return len(timestamp) > _ISO_DATE_LENGTH


def _intraday(path: Path, bars: Collection[Bar]) -> BarHistory:
    starts: defaultdict[str, list[datetime]] = defaultdict(list)
    for bar in bars:
        starts[bar.symbol].append(bar.start)
    pairs = (pair for each in starts.values() for pair in pairwise(sorted(each)))
    spacing = min((later - earlier for earlier, later in pairs), default=MINUTE.span)
    try:
        timeframe = Timeframe.of(spacing)
    except ValueError:
        raise BarsFileError(f"{path}: bars {spacing} apart are not whole minutes below a day") from None
    if timeframe.is_daily:
        raise BarsFileError(f"{path}: daily bars take a date without a time in column timestamp")
    return BarHistory((replace(bar, end=bar.start + spacing) for bar in bars), timeframe)
