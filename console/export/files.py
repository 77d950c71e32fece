"""Files of columns: CSV as RFC 4180 has it, and Parquet."""

import csv
import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from argo.domain.tables import ConfigurationError
from argo.domain.values import sortable
from console.export.columns import Column, Kind, Value

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_ROW_GROUP = 10_000


class Format(StrEnum):
    """What a file is written as; also its suffix."""

    CSV = "csv"
    PARQUET = "parquet"


type ColumnFile[T] = CsvFile[T] | ParquetFile[T]
"""A file that takes records, as they come."""


@contextmanager
def column_file[T](path: Path, form: Format, columns: Sequence[Column[T]]) -> Iterator[ColumnFile[T]]:
    """Write a file while the block runs; it takes its name at the end, so a failed export leaves none.

    Raises:
        ConfigurationError: Parquet, and its library is not installed.
        OSError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    kind = CsvFile if form is Format.CSV else ParquetFile
    try:
        with closing(kind(unfinished, columns)) as opened:
            yield opened
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class CsvFile[T]:
    """RFC 4180: CRLF, a header, every cell quoted that is not empty; UTF-8."""

    def __init__(self, path: Path, columns: Sequence[Column[T]]) -> None:
        """Begin a file with its header."""
        self._columns = columns
        self._file = path.open("w", encoding="utf-8", newline="")
        # Quoted throughout, for a spreadsheet that parts cells at semicolons would part a broker's sentence too.
        self._rows = csv.writer(self._file, quoting=csv.QUOTE_NOTNULL, lineterminator="\r\n")
        self._rows.writerow([column.name for column in columns])

    def write(self, records: Sequence[T]) -> None:
        """Append a row per record."""
        self._rows.writerows([cell(column.value(each)) for column in self._columns] for each in records)

    def close(self) -> None:
        """Write what is left."""
        self._file.close()


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


class ParquetFile[T]:
    """Parquet with the columns' own types; the meaning of each is in the schema."""

    def __init__(self, path: Path, columns: Sequence[Column[T]]) -> None:
        """Begin a file with its schema."""
        arrow, parquet = parquet_library()
        types = _types(arrow)
        self._columns = columns
        self._arrow = arrow
        self._schema = arrow.schema(
            [
                arrow.field(column.name, types[column.kind], metadata={"meaning": column.meaning})
                for column in columns
            ]
        )
        self._waiting: list[T] = []
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, records: Sequence[T]) -> None:
        """Append a row per record; they are written when there are enough for a row group."""
        self._waiting += records
        if len(self._waiting) >= _ROW_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write what is left."""
        if self._waiting:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        values = [[column.value(each) for each in self._waiting] for column in self._columns]
        arrays = [self._arrow.array(each, field.type) for each, field in zip(values, self._schema, strict=True)]
        self._writer.write_batch(self._arrow.record_batch(arrays, schema=self._schema))
        self._waiting = []


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


def _types(arrow: Any) -> Mapping[Kind, Any]:  # noqa: ANN401 - pyarrow has no types
    return {
        Kind.TEXT: arrow.string(),
        Kind.NAMES: arrow.list_(arrow.string()),
        # A price and a quantity have nine places each, their product eighteen.
        Kind.DECIMAL: arrow.decimal128(38, 18),
        Kind.INTEGER: arrow.int64(),
        Kind.TIME: arrow.timestamp("us", tz="UTC"),
        Kind.JSON: arrow.string(),
    }
