"""Hypothesis strategies: what was valid once, with a few things changed in it, as bytes."""

import copy
import gzip
import json
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import getitem
from typing import Any

from hypothesis import strategies as st

_LONG = 5_000
"""Digits or characters: more than Python reads as an integer, fewer than would take long."""

ODD_TEXTS = (
    *("", " ", "\x00", "\n", "\ud800", "\ufeff", "é😀", "²", "x" * _LONG, "null", "../..", "AAPL", "false"),
    *("0", "-1", "75", "0.75", "1_0", "0x10", "NaN", "Infinity", "1e308", "1e999999", "9.9e999999", "1e-999999"),
    *("1e99999999999999999999", "9" * _LONG, "9" * 30, "1." + "0" * 60),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999Z",
        "2026-03-02T15:00:00",
        "2026-02-30",
        "0001-01-01",
    ),
    *("2026-03-02T15:01:00.123456789-05:00", "2026-03-02", "9999-12-31", "1772463600"),
)
ODD_VALUES = (
    *ODD_TEXTS,
    *(0, -1, 1, 0.75, 1e308, 5e-324, 10**18, 10**400, -(10**30), float("nan"), float("inf")),
    *(None, True, False, [], {}, [None], [0, [8, 0], 0], {"": None}, [[[[[[[[1]]]]]]]]),
)
_ODD_NUMBERS = (
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "1e400",
    "-0",
    "9" * _LONG,
    "1." + "3" * _LONG,
)
"""Written as no JSON library of ours would."""

odd_texts = st.sampled_from(ODD_TEXTS)
odd_values = st.sampled_from(ODD_VALUES).map(copy.deepcopy)


def places(document: Any) -> list[tuple[Any, ...]]:
    """Return the way to every value within a JSON document."""
    keys = range(len(document)) if isinstance(document, list) else document if isinstance(document, dict) else ()
    return [(key, *rest) for key in keys for rest in ((), *places(document[key]))]


def with_each_odd_value(document: Any, place: tuple[Any, ...]) -> Iterator[bytes]:
    """Yield a document with one value replaced by each of the odd ones, as JSON."""
    *way, key = place
    found = copy.deepcopy(document)
    holder = reduce(getitem, way, found)
    for odd in ODD_VALUES:
        holder[key] = odd
        yield json.dumps(found).encode()
    holder[key] = "a number"
    for number in _ODD_NUMBERS:
        yield json.dumps(found).replace('"a number"', number).encode()


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """Change a JSON document in up to three places: another value, none, one more."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        *way, key = draw(st.sampled_from(places(document) or [(None,)]))
        if key is None:
            return draw(odd_values)
        holder = reduce(getitem, way, document)
        match draw(st.sampled_from(["replace", "leave out", "add"])):
            case "replace":
                holder[key] = draw(odd_values)
            case "leave out":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(odd_texts)] = draw(odd_values)
            case "add":
                holder.append(draw(odd_values))
    return document


@st.composite
def as_json(draw: st.DrawFn, document: Any) -> bytes:
    """Write a document with some of its values changed, or a key twice, or its bytes damaged."""
    found = draw(changed(document))
    text = json.dumps(found, ensure_ascii=draw(st.booleans()))
    if isinstance(found, dict) and found and draw(st.integers(0, 9)) == 0:
        twice = json.dumps({draw(st.sampled_from(list(found))): draw(odd_values)})
        text = f"{text[:-1]}, {twice[1:]}"
    return draw(damaged(text.encode("utf-8", "surrogatepass")))


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """Leave bytes as they are, mostly; or cut them, put something in, nest them, or encode them otherwise."""
    at = draw(st.integers(0, len(raw)))
    match draw(st.sampled_from(["whole"] * 12 + ["cut", "put in", "overwrite", "utf-16", "utf-8-sig", "deep"])):
        case "cut":
            return raw[:at]
        case "put in":
            return raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at:]
        case "overwrite":
            return raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at + 1 :]
        case "utf-16" | "utf-8-sig" as encoding:
            return raw.decode("utf-8", "replace").encode(encoding)
        case "deep":
            return (
                draw(st.sampled_from([b"[", b'{"a":', b'{"legs":['])) * draw(st.sampled_from([300, 100_000])) + raw
            )
        case _:
            return raw


@st.composite
def tables(draw: st.DrawFn, lines: list[str]) -> tuple[str, bytes]:
    """Write a TOML file with a line changed; return the key that it is about, too, or none."""
    lines = list(lines)
    at = draw(st.sampled_from([number for number, line in enumerate(lines) if "=" in line]))
    key = lines[at].partition("=")[0].strip()
    match draw(st.sampled_from(["value"] * 6 + ["leave out", "repeat", "rename", "table"])):
        case "value":
            lines[at] = f"{key} = {draw(toml_values)}"
        case "leave out":
            del lines[at]
        case "repeat":
            lines.insert(at, lines[at])
        case "rename":
            lines[at] = f"{key}_ = 1"
        case "table":
            key = ""
            lines.insert(at, f"[{draw(st.sampled_from(['a', 'accounts', 'generation', '[accounts.argo]', '']))}]")
    return key, "\n".join(lines).encode()


TOML_VALUES = (
    *("0", "-1", "1", "75", "0.75", "1e308", "1e999999", "1e-999999", "nan", "-inf", "true", "''", "5.0"),
    *("1e99999999999999999999", "9" * _LONG, "0x" + "f" * _LONG, "1." + "0" * 60, f"'{'x' * _LONG}'"),
    *("[]", "[1]", "[1, 2]", "[2, 1]", "['AAPL', 'AAPL']", "['\\u0000']", "[[[[[1]]]]]", "{}", "{ a = 1 }"),
    *("2026-01-01", "10:00:00", "2026-01-01T00:00:00Z", "'iex'", "'''", "[", "[" * _LONG, "{ a = " * 300),
)
toml_values = st.sampled_from(TOML_VALUES) | st.text(min_size=1, max_size=8)


def with_each_toml_value(lines: list[str], at: int, values: Iterable[str] = TOML_VALUES) -> Iterator[bytes]:
    """Yield a TOML file with the value of one line replaced by each of the odd ones."""
    key = lines[at].partition("=")[0]
    for odd in values:
        yield "\n".join([*lines[:at], f"{key}= {odd}", *lines[at + 1 :]]).encode()


def with_each_odd_text(rows: list[list[str]], column: int) -> Iterator[bytes]:
    """Yield a CSV file with the last cell of one column replaced by each of the odd ones."""
    for odd in ODD_TEXTS:
        yield "\n".join(map(",".join, [*rows[:-1], [*rows[-1][:column], odd, *rows[-1][column + 1 :]]])).encode(
            "utf-8", "surrogatepass"
        )


@st.composite
def bars(draw: st.DrawFn, rows: list[list[str]]) -> bytes:
    """Write a CSV file of bars with a few cells, rows or bytes changed, plain or gzipped."""
    rows = [list(row) for row in rows]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["cell"] * 6 + ["leave out", "repeat", "swap", "short"])):
            case "cell":
                column = draw(st.integers(0, len(rows[at]) - 1)) if rows[at] else 0
                rows[at][column : column + 1] = [draw(odd_texts)]
            case "leave out" if len(rows) > 1:
                del rows[at]
            case "repeat":
                rows.append(rows[at])
            case "swap":
                rows[at], rows[0] = rows[0], rows[at]
            case _:
                rows[at] = rows[at][:-1]
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = ending.join(",".join(row) for row in rows) + draw(st.sampled_from(["", ending, ending * 3]))
    raw = draw(damaged(text.encode("utf-8", "surrogatepass")))
    if draw(st.integers(0, 3)):
        return raw
    packed = gzip.compress(raw, 1, mtime=0)
    return packed[: draw(st.sampled_from([None, len(packed) // 2, -1, -9]))] + draw(st.sampled_from([b"", b"x"]))
