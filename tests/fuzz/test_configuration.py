import pytest
from hypothesis import given, settings

from tests.deep import examples
from tests.fuzz import doors
from tests.fuzz.mutations import TOML_VALUES, damaged, tables, with_each_toml_value
from tests.fuzz.samples import CONFIGURATION_LINES

A_FILE = "\n".join(CONFIGURATION_LINES).encode()

VAST = ("1e999999", "1e-999999")
"""Python takes a sixth of a second to make an integer of one: once is enough."""


def test_what_is_fuzzed_is_a_configuration_as_it_is():
    assert not isinstance(doors.configuration(A_FILE), str)


@pytest.mark.parametrize("at", [at for at, line in enumerate(CONFIGURATION_LINES) if "=" in line])
def test_a_file_with_any_odd_value_is_read_or_its_error_names_the_key_or_the_line(at):
    (half,) = with_each_toml_value(CONFIGURATION_LINES, at, ["0.5"])
    is_integer = "valid integer" in str(doors.configuration(half))

    read_or_named(at, [odd for odd in TOML_VALUES if not is_integer or odd not in VAST])


def test_an_integer_of_a_million_digits_is_read_or_its_error_names_the_key():
    at = next(at for at, line in enumerate(CONFIGURATION_LINES) if line.startswith("interval_seconds"))

    read_or_named(at, VAST)


def read_or_named(at, values):
    key = CONFIGURATION_LINES[at].partition("=")[0].strip()

    for raw in with_each_toml_value(CONFIGURATION_LINES, at, values):
        found = doors.configuration(raw)
        assert not isinstance(found, str) or key in found or "not TOML" in found


@given(tables(CONFIGURATION_LINES))
@settings(max_examples=examples(100))
def test_a_file_with_a_wrong_line_is_read_or_its_error_names_the_key_or_the_line(changed):
    key, raw = changed

    found = doors.configuration(raw)

    assert not isinstance(found, str) or key in found or "at line" in found or "not TOML" in found


@given(damaged(A_FILE))
@settings(max_examples=examples(100))
def test_a_damaged_file_is_read_or_refused(raw):
    doors.configuration(raw)
