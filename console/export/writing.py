"""Files of columns: CSV as RFC 4180 has it, and Parquet."""

import csv
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from argo import records
from argo.domain.lists import Unreadable
from argo.domain.tables import ConfigurationError
from argo.domain.values import sortable
from argo.ports import Ledger
from console.export import Format, What
from console.export.columns import SIGNAL_COLUMNS, TRADE_COLUMNS, Column, Kind, Value, trades_of

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_ROW_GROUP = 10_000

type Write[T] = Callable[[Sequence[T]], object]
"""Appends a row per record."""


async def write(
    ledger: Ledger,
    executors: Sequence[str],
    days: Iterable[str],
    targets: Mapping[What, Path],
    form: Format,
    *,
    unreadable: list[Unreadable],
) -> dict[What, int]:
    """Write the records of UTC days into files, and return the rows of each.

    ``unreadable`` gets the records that are not in them.

    Raises:
        OSError: a file cannot be written; none is left half.
    """
    for path in targets.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys(targets, 0)
    columns: Mapping[What, Sequence[Column[Any]]] = {What.SIGNALS: SIGNAL_COLUMNS, What.TRADES: TRADE_COLUMNS}
    with ExitStack() as files:
        writes = {
            what: files.enter_context(column_file(path, form, columns[what])) for what, path in targets.items()
        }
        async for part in records.parts(ledger, executors, days):
            unreadable += part.unreadable
            for what, write_rows in writes.items():
                found = (
                    [each.stored for each in part if each.stored is not None]
                    if what is What.SIGNALS
                    else [trade for each in part for trade in trades_of(each)]
                )
                write_rows(found)
                rows[what] += len(found)
    return rows


@contextmanager
def column_file[T](path: Path, form: Format, columns: Sequence[Column[T]]) -> Iterator[Write[T]]:
    """Write a file while the block runs; it takes its name at the end, so a failed export leaves none.

    Raises:
        ConfigurationError: Parquet, and its library is not installed.
        OSError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with (_csv if form is Format.CSV else _parquet)(unfinished, columns) as write_rows:
            yield write_rows
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _csv[T](path: Path, columns: Sequence[Column[T]]) -> Iterator[Write[T]]:
    """Write RFC 4180: CRLF, a header, every cell quoted that is not empty; UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        # Quoted throughout, for a spreadsheet that parts cells at semicolons would part a broker's sentence too.
        rows = csv.writer(file, quoting=csv.QUOTE_NOTNULL, lineterminator="\r\n")
        rows.writerow([column.name for column in columns])
        yield lambda found: rows.writerows([cell(column.value(each)) for column in columns] for each in found)


def cell(value: Value) -> str | None:
    """Return a value as CSV has it; a text that a spreadsheet would run as a formula begins with an apostrophe.

    One that begins with an apostrophe gets another, so that taking one off gives every text back.
    """
    match value:
        case None:
            return None
        case str():
            return f"'{value}" if value.startswith(_RUN_BY_SPREADSHEETS) else str(value)
        case Decimal():
            return f"{value:f}"
        case int():
            return str(value)
        case datetime():
            return sortable(value)
        case _:
            return " ".join(value) or None


@contextmanager
def _parquet[T](path: Path, columns: Sequence[Column[T]]) -> Iterator[Write[T]]:
    """Write the columns' own types; the meaning of each is in the schema, and rows come in groups of many."""
    arrow, parquet = parquet_library()
    types = {
        Kind.TEXT: arrow.string(),
        Kind.NAMES: arrow.list_(arrow.string()),
        # A price and a quantity have nine places each, their product eighteen.
        Kind.DECIMAL: arrow.decimal128(38, 18),
        Kind.INTEGER: arrow.int64(),
        Kind.TIME: arrow.timestamp("us", tz="UTC"),
        Kind.JSON: arrow.string(),
    }
    schema = arrow.schema(
        [arrow.field(column.name, types[column.kind], metadata={"meaning": column.meaning}) for column in columns]
    )
    waiting: list[T] = []

    def write_group() -> None:
        values = [[column.value(each) for each in waiting] for column in columns]
        arrays = [arrow.array(each, field.type) for each, field in zip(values, schema, strict=True)]
        writer.write_batch(arrow.record_batch(arrays, schema=schema))
        waiting.clear()

    def write_rows(found: Sequence[T]) -> None:
        waiting.extend(found)
        if len(waiting) >= _ROW_GROUP:
            write_group()

    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        yield write_rows
        if waiting:
            write_group()


def parquet_library() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet module, which only this format needs and only this function imports.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "--format parquet needs pyarrow: `uv sync --locked --inexact --group parquet`; csv needs nothing"
        ) from error
