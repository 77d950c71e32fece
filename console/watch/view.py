"""What a watch shows: the newest reading, fitted to the terminal's width and height."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from argo.domain.account import TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.limits import Level, Limit
from argo.ports import Clock
from console.failing import REFUSED, fail
from console.outcomes import signals_table
from console.screen import output
from console.status import COLOURS
from console.tables import money, unread, with_columns
from console.watch.probes import Heartbeat
from console.watch.reading import Reader, Reading

RECONCILER_LATE = timedelta(minutes=3)
"""A reconciler looks every minute."""

GENERATOR_LATE = timedelta(minutes=5)
"""CloudWatch shows a minute up to two minutes after it; the alarm sounds after five."""

_WIDE = 110
_LOW = 30
_FEW = 10
_LINES_AROUND_SIGNALS = 5


_UNREADABLE = (BotoCoreError, ClientError, ReservationConflict, ValidationError)
"""What a reading may fail with; the next one may not."""


@dataclass(slots=True)
class View:
    """The newest reading, or why there is none, drawn anew whenever it is asked for: its age counts on.

    ``source`` is what was read, in a few words. What ``fills_screen`` has as many lines as the terminal.
    """

    source: str
    clock: Clock
    reading: Reading | None = None
    read_at: datetime | None = None
    failure: str | None = None
    fills_screen: bool = False

    async def refresh(self, reader: Reader) -> None:
        """Read; a reading that fails leaves the last one in sight, and says so."""
        try:
            self.reading = await reader.read()
        except _UNREADABLE as error:
            self.failure = str(error).partition("\n")[0]
        else:
            self.read_at, self.failure = self.clock.now(), None

    async def print_once(self, reader: Reader) -> None:
        """Read and print; end the command where that fails."""
        await self.refresh(reader)
        if self.failure is not None:
            fail(self.failure, REFUSED)
        output().print(self)

    async def follow(self, reader: Reader, every: float) -> None:
        """Fill the screen, and read every so many seconds."""
        self.fills_screen = True
        with Live(self, console=output(), screen=True, refresh_per_second=1) as live:
            while True:
                await self.refresh(reader)
                live.refresh()
                await asyncio.sleep(every)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the parts out; the signals take what the others leave."""
        now, reading = self.clock.now(), self.reading
        head: RenderableType = self._head(now)
        if reading is None:
            yield head
            return
        height = console.height if self.fills_screen else None
        wide = options.max_width >= _WIDE
        low = height is not None and height < _LOW
        few = _FEW if height is None else 1 if low else height // 6
        aged_at = now if reading.is_live else reading.as_of
        parts = [
            head,
            _accounts(reading, wide=wide),
            _funnel(reading, wide=wide),
            _unresolved(reading, few, aged_at, wide=wide),
            _positions(reading, few, aged_at, wide=wide),
        ]
        above = Group(*(parts if low else [line for part in parts for line in (part, "")]))
        yield above
        left = _FEW
        if height is not None:
            left = height - len(console.render_lines(above, options, pad=False)) - _LINES_AROUND_SIGNALS
        executors = [account.status.executor for account in reading.accounts]
        newest = reading.records[: max(left, 1)]
        yield signals_table(newest, executors, of=len(reading.records), width=options.max_width)

    def _head(self, now: datetime) -> Group:
        reading = self.reading
        modes = {each.mode for record in reading.records for each in record.executions.values()} if reading else ()
        lines = [Text.assemble(("argo watch", "bold"), "  ", ", ".join([self.source, *sorted(modes)]))]
        read = f"read {_span(now - self.read_at)} ago" if self.read_at else "reading"
        if self.failure is not None:
            since = f"last {read}" if self.read_at else "nothing read yet"
            lines.append(Text(f"{since}: {self.failure}", "bold red", overflow="ellipsis", no_wrap=True))
        elif reading is not None and not reading.is_live:
            lines.append(Text(f"over since {reading.as_of:%F %T} UTC"))
        else:
            lines.append(Text(f"{now:%F %T} UTC, {read}"))
        if reading is not None and reading.is_live:
            lines.append(_heartbeats(reading, now))
        accounts = reading.accounts if reading is not None else ()
        if missing := [each for account in accounts for each in account.status.unreadable]:
            lines.append(unread(missing))
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
        ordered = Text("0, SILENT", "bold red") if summed.is_silent else Text(str(summed.with_order))
        ended = [summed.rejected, summed.expired, summed.dead_lettered]
        table.add_row(
            summed.executor,
            str(summed.signals),
            str(summed.denied),
            ordered,
            str(account.filled),
            *(str(count) for count in (ended if wide else [sum(ended)])),
            _alarming(summed.unresolved, "yellow"),
            _alarming(summed.gap, "bold red"),
            _alarming(account.dead_letters, "bold red"),
        )
    return table


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
    # Without rules: a terminal's lines are few.
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    return with_columns(table, headings, whole_numbers=True)


def _span(span: timedelta) -> str:
    """Return a time span in its two largest units."""
    seconds = max(int(span.total_seconds()), 0)
    counts = (seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60, seconds % 60)
    parts = [*zip(counts, ("d", "h", "min", "s"), strict=True)]
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
