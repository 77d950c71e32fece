"""One frame of a watch: what is read, fitted to the terminal's width and height."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from argo.domain.account import TradingState
from argo.domain.conservation import AccountSum
from argo.domain.limits import Level, Limit
from console.outcomes import signals_table
from console.status import COLOURS
from console.tables import money, with_columns
from console.watch.probes import Heartbeat
from console.watch.reading import Reading

RECONCILER_LATE = timedelta(minutes=3)
"""A reconciler looks every minute."""

GENERATOR_LATE = timedelta(minutes=5)
"""CloudWatch shows a minute up to two minutes after it; the alarm sounds after five."""

_WIDE = 110
_LOW = 30
_FEW = 10
_LINES_AROUND_SIGNALS = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as of ``now``. ``failure`` says why the last reading failed; ``height`` None is no bound."""

    source: str
    reading: Reading | None
    read_at: datetime | None
    failure: str | None
    now: datetime
    height: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the parts out; the signals take what the others leave."""
        head = self._head()
        if self.reading is None:
            yield head
            return
        wide = options.max_width >= _WIDE
        low = self.height is not None and self.height < _LOW
        few = _FEW if self.height is None else 1 if low else self.height // 6
        parts = [
            head,
            _accounts(self.reading, wide=wide),
            _funnel(self.reading, wide=wide),
            _unresolved(self.reading, few, self._time, wide=wide),
            _positions(self.reading, few, self._time, wide=wide),
        ]
        above = Group(*(parts if low else [line for part in parts for line in (part, "")]))
        yield above
        left = _FEW
        if self.height is not None:
            left = self.height - len(console.render_lines(above, options, pad=False)) - _LINES_AROUND_SIGNALS
        executors = [account.status.executor for account in self.reading.accounts]
        newest = self.reading.records[: max(left, 1)]
        yield signals_table(newest, executors, of=len(self.reading.records), width=options.max_width)

    @property
    def _time(self) -> datetime:
        """The time that ages are counted to."""
        return self.now if self.reading is None or self.reading.is_live else self.reading.as_of

    def _head(self) -> RenderableType:
        records = self.reading.records if self.reading else ()
        modes = {each.mode for record in records for each in record.executions.values()}
        lines = [Text.assemble(("argo watch", "bold"), "  ", ", ".join([self.source, *sorted(modes)]))]
        read = f"read {_span(self.now - self.read_at)} ago" if self.read_at else "reading"
        if self.failure is not None:
            since = f"last {read}" if self.read_at else "nothing read yet"
            lines.append(Text(f"{since}: {self.failure}", "bold red", overflow="ellipsis", no_wrap=True))
        elif self.reading is not None and not self.reading.is_live:
            lines.append(Text(f"over since {self.reading.as_of:%F %T} UTC"))
        else:
            lines.append(Text(f"{self.now:%F %T} UTC, {read}"))
        if self.reading is not None and self.reading.is_live:
            lines.append(_heartbeats(self.reading, self.now))
        return Group(*lines)


def _heartbeats(reading: Reading, now: datetime) -> Text:
    found = [_heartbeat("generator", reading.generator, now, GENERATOR_LATE)]
    for account in reading.accounts:
        seen = account.status.state.observed_at or "never"
        found.append(_heartbeat(f"reconciler {account.status.executor}", seen, now, RECONCILER_LATE))
    return Text.assemble(("heartbeats", "bold"), "  ", Text("; ").join(found))


def _heartbeat(name: str, seen: Heartbeat, now: datetime, late: timedelta) -> Text:
    if isinstance(seen, str):
        return Text(f"{name}: {seen}", "yellow")
    age = now - seen
    return Text(f"{name} LATE, {_span(age)} ago", "bold red") if age > late else Text(f"{name} {_span(age)} ago")


def _accounts(reading: Reading, *, wide: bool) -> Table:
    table = _table("Account", "state", ">equity", ">today")
    table.add_column("room under limits", overflow="fold", ratio=1)
    for account in reading.accounts:
        status, state = account.status, account.status.state
        told = Text(state.trading_state, COLOURS[state.trading_state])
        if state.state_reason and state.trading_state is not TradingState.ACTIVE:
            told.append(f": {state.state_reason}", "default")
        today = "-" if status.day_profit is None else money(status.day_profit, signed=True)
        rooms = Text("   " if wide else ", ").join(_room(limit) for limit in status.limits)
        table.add_row(status.executor, told, money(state.equity), today, rooms)
    return table


def _room(limit: Limit) -> Text:
    said = Text(f"{limit.name} {limit.room:,.0f}")
    if limit.level is not Level.OK:
        said.append(f" {limit.level}", COLOURS[limit.level])
    return said


def _funnel(reading: Reading, *, wide: bool) -> Table:
    """Return the counts of the conservation sum; a narrow terminal has the rarer ones as one."""
    rare = (">rejected", ">expired", ">dead-lettered") if wide else (">other",)
    counts = (">all", ">denied", ">ordered", ">filled", *rare, ">unresolved", ">gap", ">in DLQ")
    table = _table(f"Signals of {reading.period}" if wide else "Signals", *counts)
    for account in reading.accounts:
        summed = account.status.summed
        ended = [summed.rejected, summed.expired, summed.dead_lettered]
        table.add_row(
            summed.executor,
            str(summed.signals),
            str(summed.denied),
            _ordered(summed),
            str(account.filled),
            *(str(count) for count in (ended if wide else [sum(ended)])),
            _alarming(summed.unresolved, "yellow"),
            _alarming(summed.gap, "bold red"),
            _alarming(account.dead_letters, "bold red"),
        )
    return table


def _ordered(summed: AccountSum) -> Text:
    return Text("0, SILENT", "bold red") if summed.is_silent else Text(str(summed.with_order))


def _alarming(count: int, colour: str) -> Text:
    return Text(str(count), colour if count else "")


def _unresolved(reading: Reading, few: int, now: datetime, *, wide: bool) -> RenderableType:
    every = (each for account in reading.accounts for each in account.unresolved)
    rows = [
        (
            each.executor,
            each.symbol,
            each.side,
            _span(timedelta(seconds=each.age_seconds(now))),
            each.state or "-",
            each.obstacle,
            each.signal_id,
        )
        for each in sorted(every, key=attrgetter("created_at"))
    ]
    headings = ("Unresolved", "symbol", "side", "age", "state", "last obstacle", "signal")
    return _first(rows, few, headings, wide=wide) if rows else Text("Unresolved: none", "dim")


def _positions(reading: Reading, few: int, now: datetime, *, wide: bool) -> RenderableType:
    rows = [
        (
            account.status.executor,
            symbol,
            holding.side,
            f"{holding.notional:,.0f}",
            _span(now - holding.since),
            _protection(account.status.protection(symbol)),
            holding.signal_id,
        )
        for account in reading.accounts
        for symbol, holding in sorted(account.status.state.holdings.items())
    ]
    headings = ("Position", "symbol", "side", "up to USD", "held", "protection", "signal")
    return _first(rows, few, headings, wide=wide) if rows else Text("Positions: none", "dim")


def _protection(protection: str) -> Text:
    return Text(protection, "bold red" if protection in {"none", "no open execution"} else "")


def _first(
    rows: Sequence[Sequence[RenderableType]], few: int, headings: Sequence[str], *, wide: bool
) -> RenderableType:
    """Return the first few rows, and how many more there are; only a wide terminal has the last column."""
    columns = slice(None if wide else -1)
    table = _table(*headings[columns])
    for row in rows[:few]:
        table.add_row(*row[columns])
    left_out = len(rows) - few
    return Group(table, Text(f"and {left_out} more", "dim")) if left_out > 0 else table


def _table(*headings: str) -> Table:
    """Return a table without rules: a terminal's lines are few."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    return with_columns(table, headings, whole_numbers=True)


def _span(span: timedelta) -> str:
    """Return a time span in its two largest units."""
    seconds = max(int(span.total_seconds()), 0)
    parts: Sequence[tuple[int, str]] = (
        (seconds // 86_400, "d"),
        (seconds // 3_600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    )
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
