from hypothesis import given, settings

from tests.fuzz import doors
from tests.fuzz.mutations import bars
from tests.fuzz.samples import DAYS, MINUTES, csv


def test_what_is_fuzzed_is_a_tape_as_it_is():
    for rows in (DAYS, MINUTES):
        assert not isinstance(doors.bars_file(csv(rows)), str)


@given(bars(DAYS) | bars(MINUTES))
@settings(max_examples=800)
def test_any_file_is_a_tape_or_its_error_says_where_it_is_wrong(raw):
    doors.bars_file(raw)
