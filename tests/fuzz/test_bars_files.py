import pytest
from hypothesis import given, settings

from simulation.market.bars import COLUMNS
from tests.deep import examples
from tests.fuzz import doors
from tests.fuzz.mutations import bars, with_each_odd_text
from tests.fuzz.samples import DAYS, MINUTES, csv


def test_what_is_fuzzed_is_a_tape_as_it_is():
    for rows in (DAYS, MINUTES):
        assert not isinstance(doors.bars_file(csv(rows)), str)


@pytest.mark.parametrize("rows", [DAYS, MINUTES], ids=["days", "minutes"])
@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
def test_a_file_with_any_odd_value_is_a_tape_or_its_error_says_where_it_is_wrong(rows, column):
    for raw in with_each_odd_text(rows, column):
        doors.bars_file(raw)


@pytest.mark.parametrize("price", ["1e308", "9.9e999999", "1e-999999"])
def test_prices_that_agree_with_each_other_are_not_yet_prices(price):
    doors.bars_file(csv([*DAYS, ["2013-04-01", "AAPL", price, price, price, price, price]]))


@given(bars(DAYS) | bars(MINUTES))
@settings(max_examples=examples(400))
def test_any_file_is_a_tape_or_its_error_says_where_it_is_wrong(raw):
    doors.bars_file(raw)
