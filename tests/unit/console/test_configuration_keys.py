"""docs/keys.md has every key of argo.toml, and what it says of values is what is read and refused."""

import re
import tomllib
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.config import Configuration, parse_configuration
from argo.domain.tables import ConfigurationError, Table
from console.configuration_keys import configuration_keys, meanings
from worlds.containers import SAMPLE_CONFIGURATION
from worlds.paths import CONFIGURATION

READERS = {"generator", "API", "gate", "sizing", "executor", "reconciler", "status", "doctor", "`make template`"}
EVERY_TABLE = """watchlist = ["AAPL"]
[generation]
[sources.NAME]
plugin = "a.Source"
[accounts.NAME]
minimum_confidence = 75
base_size_percent = 1
size_cap_percent = 100
[accounts.NAME.exits]
[accounts.NAME.protections]
[accounts.NAME.protections.cooldown]
minutes = 5
[accounts.NAME.protections.stop_loss_guard]
stops = 4
within_minutes = 60
lock_minutes = 30
[accounts.NAME.protections.drawdown_guard]
drawdown_percent = 2
within_minutes = 60
lock_minutes = 30
"""
BOUNDS = re.compile(r"(0, or )?(above )?([\d.]+) to ([\d.]+)(?! long)\b")
NEAR = [Decimal(step) for step in ("0", "1", "-1", "0.5", "-0.5", "0.0001", "-0.0001", "0.00001", "-0.00001")]


class HalfSaid(Table):
    said: int
    """What it means."""
    unsaid: int = 2


class Row(NamedTuple):
    """A row of the page, with the table of argo.toml that it belongs to."""

    table: str
    key: str
    meaning: str
    default: str
    allowed: str
    read_by: str

    @property
    def is_table(self):
        return self.allowed.startswith("`[")

    def __str__(self):
        return f"{self.table}.{self.key}"


def rows_of(page):
    for part in page.split("\n## ")[1:]:
        heading, *lines = part.splitlines()
        for line in lines[3:]:
            cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if cells:
                yield Row(heading.strip("`[]").removeprefix("Top level"), cells[0].strip("`"), *cells[1:])


ROWS = [*rows_of(configuration_keys())]
PLAIN = [row for row in ROWS if not row.is_table]
NUMBERS = [row for row in PLAIN if BOUNDS.search(row.allowed)]


def keys_of(schema, table="", within=None):
    """Yield the keys that the models accept, each with its schema, as pydantic itself tells of them."""
    known = within or schema["$defs"]
    for key, field in schema["properties"].items():
        yield table, key, field
        at, of = f"{table}.{key}".strip("."), field
        for named in (*field.get("patternProperties", {}).values(), field.get("additionalProperties")):
            if named:
                at, of = f"{at}.NAME", named
        references = [each["$ref"] for each in (of, *of.get("anyOf", ())) if "$ref" in each]
        for reference in references:
            inner = known[reference.rpartition("/")[2]]
            if "properties" in inner:
                yield from keys_of(inner, at, known)


ACCEPTED = [*keys_of(Configuration.model_json_schema())]


def loaded(row, value=None):
    """Return the configuration in which one key has this value, or is left out."""
    before, heading, rest = f"[]\n{EVERY_TABLE}".partition(f"[{row.table}]")
    own, following, after = rest.partition("\n[")
    lines = [line for line in own.splitlines() if not line.startswith(f"{row.key} =")]
    lines += [f"{row.key} = {value}"] if value is not None else []
    text = before + "\n".join([heading, *lines]) + following + after
    return parse_configuration(text.removeprefix("[]").replace("NAME", "a_name"))


def is_accepted(row, value):
    try:
        loaded(row, value)
    except ConfigurationError:
        return False
    return True


def written(row, item):
    """Write an item as the row's kind of value."""
    if row.allowed.startswith("list"):
        return f"[{', '.join([item] * (2 if '2 long' in row.allowed else 1))}]"
    return f"{{ chop = {item} }}" if row.allowed.startswith("table") else item


def is_within(row, number):
    """Tell whether the page allows a number."""
    zero, above, least, most = BOUNDS.search(row.allowed).groups()
    decimals = re.search(r"at most (\d+) decimals", row.allowed)
    finest = 0 if "whole" in row.allowed else int(decimals[1]) if decimals else 20
    if round(number, finest) != number:
        return False
    if number == 0 and zero:
        return True
    return (number > Decimal(least) if above else number >= Decimal(least)) and number <= Decimal(most)


def keys_in(values, table=""):
    """Yield the keys that a file has, with their tables."""
    for key, value in values.items():
        if table in {"sources", "accounts"}:
            yield from keys_in(value, f"{table}.NAME")
            continue
        yield table, key
        if any(row.is_table and (row.table, row.key) == (table, key) for row in ROWS):
            yield from keys_in(value, f"{table}.{key}".removeprefix("."))


def test_every_key_that_the_models_accept_is_there_once_and_no_other():
    assert sorted((row.table, row.key) for row in ROWS) == sorted((table, key) for table, key, _ in ACCEPTED)


@pytest.mark.parametrize("path", [CONFIGURATION, SAMPLE_CONFIGURATION], ids=lambda path: path.name)
def test_every_key_of_a_shipped_file_is_there(path):
    shipped = {*keys_in(tomllib.loads(path.read_text(encoding="utf-8")))}

    assert len(shipped) > 20
    assert shipped <= {(row.table, row.key) for row in ROWS}


@pytest.mark.parametrize(
    "model",
    [each for each in Table.__subclasses__() if each.__module__.startswith("argo.")],
    ids=lambda m: m.__name__,
)
def test_every_field_of_a_configuration_model_says_below_it_what_it_means(model):
    assert {name for name, meaning in meanings(model) if meaning.endswith(".")} == set(model.model_fields)


def test_a_field_with_nothing_below_it_is_noticed():
    assert [name for name, _ in meanings(HalfSaid)] == ["said"]


@pytest.mark.parametrize("row", PLAIN, ids=str)
def test_who_reads_a_key_is_named(row):
    assert set(row.read_by.split(", ")) <= READERS
    assert "Read by" not in row.meaning


def around(row):
    """Return the bounds of a row and what lies next to them, and far."""
    bounds = [Decimal(found) for found in BOUNDS.search(row.allowed).groups()[2:]]
    return [*(bound + step for bound in bounds for step in NEAR), Decimal(0), Decimal(-1), Decimal(200_000)]


@pytest.mark.parametrize("row", NUMBERS, ids=str)
def test_a_bound_is_read_or_refused_as_the_page_says(row):
    for number in around(row):
        assert is_accepted(row, written(row, f"{number:f}")) == is_within(row, number), number


@given(row=st.sampled_from(NUMBERS), number=st.decimals(-1, 200_000, places=5) | st.decimals(0, 1, places=4))
def test_any_number_is_read_where_the_page_allows_it_and_nowhere_else(row, number):
    assert is_accepted(row, written(row, f"{number:f}")) == is_within(row, number)


def test_every_number_has_its_bounds_there():
    numbers = {f"{table}.{key}" for table, key, field in ACCEPTED if re.search("'(number|integer)'", str(field))}

    assert {str(row) for row in NUMBERS} == numbers


@pytest.mark.parametrize("row", [row for row in PLAIN if row.allowed.startswith("`")], ids=str)
def test_the_values_of_a_choice_are_read_and_no_other(row):
    choices = re.findall(r"`(\w+)`", row.allowed)
    quote = "" if choices == ["true", "false"] else '"'

    assert all(is_accepted(row, f"{quote}{choice}{quote}") for choice in choices)
    assert not is_accepted(row, '"another"')


@pytest.mark.parametrize("row", PLAIN, ids=str)
def test_a_key_that_is_left_out_has_its_default_or_is_required(row):
    if row.default == "required":
        assert not is_accepted(row, None)
    elif row.default != "-":
        assert loaded(row, row.default.strip("`")) == loaded(row)
