from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from argo.domain.values import (
    Confidence,
    Fraction,
    Number,
    Percent,
    Price,
    Quantity,
    UtcTime,
    iso,
    shown,
    sortable,
)
from tests.unit.builders import a_signal
from tests.unit.strategies import times

NEW_YORK_WINTER = timezone(timedelta(hours=-5))


@pytest.mark.parametrize("fraction", ["0.75", 0.82, "0.0001", 1])
def test_a04_a_fraction_is_refused_as_a_confidence(fraction):
    confidence = TypeAdapter(Confidence)

    with pytest.raises(ValidationError, match="looks like a fraction; give percent, 0-100"):
        confidence.validate_python(fraction)


@pytest.mark.parametrize("outside", [-1, "-0.01", "100.01", 7500, "NaN", "Infinity"])
def test_a04_a_confidence_outside_0_to_100_is_refused(outside):
    confidence = TypeAdapter(Confidence)

    with pytest.raises(ValidationError):
        confidence.validate_python(outside)


@pytest.mark.parametrize("given", [0, "1.01", "75", "75.3", 100])
def test_a_confidence_in_percent_is_taken_exactly(given):
    confidence = TypeAdapter(Confidence)

    taken = confidence.validate_python(given)

    assert taken == Decimal(given)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Percent, -1),
        (Percent, "100.1"),
        (Fraction, "1.01"),
        (Fraction, "-0.01"),
        (Price, 0),
        (Price, "-5"),
        (Price, "0.0000000001"),
        (Price, "NaN"),
        (Quantity, 0),
        (Quantity, "0.0000000001"),
    ],
)
def test_a_number_outside_its_unit_is_refused(kind, wrong):
    adapter = TypeAdapter(kind)

    with pytest.raises(ValidationError):
        adapter.validate_python(wrong)


@pytest.mark.parametrize("kind", [Percent, Fraction, Price, Quantity])
@pytest.mark.parametrize("listed", [[0, [8, 0], 0], (0, (8, 0), -2)], ids=["a list", "a tuple"])
def test_what_decimal_is_made_of_is_no_number(kind, listed):
    with pytest.raises(ValidationError, match="not a number"):
        TypeAdapter(kind).validate_python(listed)


def test_percent_is_exact_here_and_a_number_in_json():
    known = a_signal(confidence="80.25")

    assert known.model_dump()["confidence"] == Decimal("80.25")
    assert isinstance(known.model_dump()["confidence"], Decimal)
    assert known.model_dump(mode="json")["confidence"] == 80.25


def test_percentages_are_numbers_in_json_and_prices_are_strings():
    percent, price = TypeAdapter(Percent), TypeAdapter(Price)

    written = percent.dump_json(Decimal("75.3")), price.dump_json(Decimal("187.50"))

    assert written == (b"75.3", b'"187.50"')


def test_a_time_in_another_zone_becomes_utc():
    time = TypeAdapter(UtcTime)

    taken = time.validate_python("2026-03-02T10:00:00-05:00")

    assert taken == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert taken.tzinfo is UTC


def test_a_naive_time_is_refused():
    time = TypeAdapter(UtcTime)

    with pytest.raises(ValidationError, match="timezone"):
        time.validate_python("2026-03-02T10:00:00")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_that_utc_cannot_hold_is_refused(text):
    time = TypeAdapter(UtcTime)

    with pytest.raises(ValidationError):
        time.validate_python(text)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 3, 2, 15, tzinfo=UTC), "2026-03-02T15:00:00Z"),
        (datetime(2026, 3, 2, 15, 0, 0, 250_000, tzinfo=UTC), "2026-03-02T15:00:00.250000Z"),
        (datetime(2026, 3, 2, 10, tzinfo=NEW_YORK_WINTER), "2026-03-02T15:00:00Z"),
    ],
)
def test_iso_writes_utc_with_a_z(time, text):
    written = iso(time)

    assert written == text


def test_iso_refuses_a_naive_time():
    naive = datetime(2026, 3, 2, 15)  # noqa: DTZ001 - the case itself

    with pytest.raises(ValueError, match="naive time: 2026-03-02T15:00:00"):
        iso(naive)


@given(times)
def test_iso_can_be_read_back(time):
    written = iso(time)

    read = datetime.fromisoformat(written)

    assert read == time


@given(st.lists(times, min_size=2, max_size=5))
def test_the_order_of_sortable_texts_is_the_order_of_times(moments):
    by_text = sorted(moments, key=sortable)

    by_time = sorted(moments)

    assert by_text == by_time
    assert len({len(sortable(moment)) for moment in moments}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [("buy", "'buy'"), (0.75, "0.75"), (None, "None"), (Decimal("1E-999999"), "1E-999999"), ([["a"]], "[['a']]")],
)
def test_a_value_is_shown_as_it_is_written(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    "value",
    ["x" * 9_999, list(range(9_999)), 10**4_000, 16**9_999, [16**9_999], Decimal("0." + "1" * 9_999)],
    ids=["text", "a list", "an integer", "more digits than Python writes", "in a list", "a Decimal"],
)
def test_a_long_value_is_cut(value):
    assert len(shown(value)) <= 210


@pytest.mark.parametrize(
    "text",
    [
        "\u0661\u0662",
        "\u0967\u0968.\u096b",
        "\uff11\uff12",
        "1_000",
        " 12",
        "12\u00a0",
        "0x1f",
        "1e",
        "",
        ".",
        "+",
        "NaN",
    ],
)
@pytest.mark.parametrize("kind", [Confidence, Fraction, Number, Percent, Price, Quantity])
def test_c83_only_plain_digits_are_a_number(kind, text):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", ["12", "12.50", ".5", "5.", "1e1", "1.2E+1", "+12"])
def test_an_ordinary_number_is_read_as_it_is_written(text):
    assert TypeAdapter(Price).validate_python(text) == Decimal(text)


def test_of_a_list_ten_values_are_shown():
    assert shown([1] * 10) == str([1] * 10)
    assert shown([1] * 11) == str([1] * 10)[:-1] + ", ...]"


def test_sortable_refuses_a_naive_time():
    naive = datetime(2026, 3, 2, 15)  # noqa: DTZ001 - the case itself

    with pytest.raises(ValueError, match="naive time: 2026-03-02T15:00:00"):
        sortable(naive)
