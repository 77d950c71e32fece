from hypothesis import given, settings

from tests.fuzz import doors
from tests.fuzz.mutations import damaged, tables
from tests.fuzz.samples import CONFIGURATION_LINES

A_FILE = "\n".join(CONFIGURATION_LINES).encode()


def test_what_is_fuzzed_is_a_configuration_as_it_is():
    assert not isinstance(doors.configuration(A_FILE), str)


@given(tables(CONFIGURATION_LINES))
@settings(max_examples=400)
def test_a_file_with_a_wrong_line_is_read_or_its_error_names_the_key_or_the_line(changed):
    key, raw = changed

    found = doors.configuration(raw)

    assert not isinstance(found, str) or key in found or "at line" in found or "not TOML" in found


@given(damaged(A_FILE))
@settings(max_examples=200)
def test_a_damaged_file_is_read_or_refused(raw):
    doors.configuration(raw)
