import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.export import Format
from console.export.columns import Column, Kind
from console.export.writing import cell, column_file

EVERY_KIND = [
    Column("words", Kind.TEXT, "Text", lambda record: record.get("words")),
    Column("names", Kind.NAMES, "Names", lambda record: record.get("names")),
    Column("amount", Kind.DECIMAL, "Money", lambda record: record.get("amount")),
    Column("count", Kind.INTEGER, "Count", lambda record: record.get("count")),
    Column("at", Kind.TIME, "Time", lambda record: record.get("at")),
    Column("more", Kind.JSON, "JSON", lambda record: record.get("more")),
]
RECORD = {
    "words": '=HYPERLINK("http://x", "a;b")',
    "names": ["argo", "prop_firm"],
    "amount": Decimal("-1234567890.123456789012345678"),
    "count": 7,
    "at": datetime(2026, 3, 2, 15, 0, 1, 5, tzinfo=UTC),
    "more": '{"a":1}',
}
each_format = pytest.mark.parametrize("form", Format)


def write(path, form, *parts):
    with column_file(path, form, EVERY_KIND) as write_rows:
        for part in parts:
            write_rows(part)


def read_csv(path):
    text = path.read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_csv_has_decimals_to_the_last_digit_and_times_in_utc(tmp_path):
    write(tmp_path / "x.csv", Format.CSV, [RECORD])

    (row,) = read_csv(tmp_path / "x.csv")
    assert row == {
        "words": "'" + RECORD["words"],
        "names": "argo prop_firm",
        "amount": "-1234567890.123456789012345678",
        "count": "7",
        "at": "2026-03-02T15:00:01.000005Z",
        "more": '{"a":1}',
    }


def test_csv_leaves_what_is_not_known_empty_and_quotes_the_rest(tmp_path):
    write(tmp_path / "x.csv", Format.CSV, [{"names": [], "amount": Decimal("1E+3")}])

    header, line, end = (tmp_path / "x.csv").read_bytes().split(b"\r\n")
    assert header == b'"words","names","amount","count","at","more"'
    assert (line, end) == (b',,"1000",,,', b"")


@given(st.text())
def test_no_text_begins_as_a_formula_does_and_every_text_can_be_had_back(text):
    written = cell(text)

    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written.removeprefix("'") == text


def test_parquet_has_types_of_its_own_and_the_meaning_of_each_column(tmp_path):
    write(tmp_path / "x.parquet", Format.PARQUET, [RECORD, {}])

    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.to_pylist() == [RECORD, dict.fromkeys(RECORD)]
    assert {field.name: str(field.type) for field in table.schema} == {
        "words": "string",
        "names": "list<element: string>",
        "amount": "decimal128(38, 18)",
        "count": "int64",
        "at": "timestamp[us, tz=UTC]",
        "more": "string",
    }
    assert table.schema.field("amount").metadata[b"meaning"] == b"Money"


def test_parquet_is_written_in_groups_however_the_rows_come(tmp_path):
    parts = [[{"count": first + each} for each in range(300)] for first in range(0, 21_000, 300)]

    write(tmp_path / "x.parquet", Format.PARQUET, *parts)

    file = pyarrow.parquet.ParquetFile(tmp_path / "x.parquet")
    assert file.num_row_groups == 3
    assert file.read().column("count").to_pylist() == list(range(21_000))


@each_format
def test_an_export_that_fails_leaves_the_file_that_was_there(tmp_path, form):
    path = tmp_path / f"x.{form}"
    path.write_text("earlier", encoding="utf-8")

    with pytest.raises(AttributeError):
        write(path, form, [RECORD], ["not a record"])

    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") == "earlier"


@each_format
def test_a_file_in_a_directory_that_is_not_there_is_the_systems_error(tmp_path, form):
    with pytest.raises(OSError, match="No such file"), column_file(tmp_path / "no" / "x", form, EVERY_KIND):
        pass
