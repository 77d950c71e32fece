"""What a value takes up in DynamoDB, to the byte, and texts that are cut to a size."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from argo.domain.sizes import LARGEST_ITEM, cut, cut_all, size_of, size_of_item
from tests.unit.builders import an_execution


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("abc", 3),
        ("é…", 5),
        (None, 0),
        (True, 1),
        (False, 1),
        (0, 2),
        (7, 2),
        (12, 2),
        (123, 3),
        (1_200, 2),
        (-12, 3),
        (Decimal("0.0123"), 3),
        (-1.5, 3),
        (date(2026, 1, 2), 10),
        (datetime(2026, 1, 2, tzinfo=UTC), 25),
        ([], 3),
        (["a", None, "bc"], 8),
        (("a",), 5),
        ({}, 3),
        ({"a": "bc", "gone": None}, 7),
        ({"a": ["b"]}, 10),
        ({"a", "bc"}, 3),
        (frozenset({"abc"}), 3),
    ],
)
def test_a_value_takes_up_what_dynamodb_says(value, size):
    assert size_of(value) == size


def test_a_record_is_the_map_of_the_fields_that_are_written():
    execution = an_execution(revision=1_234)

    assert size_of(execution) == size_of(execution.model_dump())


def test_what_no_record_holds_has_no_size():
    with pytest.raises(TypeError, match="no record holds"):
        size_of(object())


def test_an_item_is_its_names_and_values_without_those_that_are_not_written():
    assert size_of_item({"PK": "SIGNAL#1", "n": 7, "gone": None}) == 2 + 8 + 1 + 2


def test_the_largest_item_is_of_400_kilobytes():
    assert LARGEST_ITEM == 409_600


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abc…"),
        ("ééé", 6, "ééé"),
        ("éééé", 6, "é…"),
        ("éééé", 7, "éé…"),
    ],
)
def test_a_text_of_its_size_is_whole_and_a_longer_one_ends_within_it(text, most, short):
    assert cut(text, most) == short


@pytest.mark.parametrize(("together", "kept"), [(12, ["a", "b"]), (11, ["a"]), (6, ["a"]), (5, [])])
def test_texts_are_kept_as_long_as_there_is_room_with_their_names(together, kept):
    texts = {"a": "1234", "b": "56789"}

    assert list(cut_all(texts, each=4, together=together)) == kept


def test_each_text_is_cut_to_its_own_size():
    assert cut_all({"a": "123456"}, each=4, together=100) == {"a": "1…"}
