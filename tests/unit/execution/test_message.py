import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from execution.message import Malformed, read_signal
from tests.unit.builders import a_message, a_signal, a_vote
from tests.unit.strategies import json_values, signals


@given(signals())
def test_a_signals_json_is_read_back_as_the_signal(signal):
    body = signal.model_dump_json()

    read = read_signal(body)

    assert read == signal


def test_an_unknown_extra_field_is_ignored():
    body = a_message(mood="bullish", schema_version=1)

    read = read_signal(body)

    assert read == a_signal()


@pytest.mark.parametrize(
    "body",
    ["", "{", "SIGNAL", "{'side': 'buy'}", "\ufeff{}", '{"a": ' + "[" * 100_000, '{"a": ' + "9" * 5000 + "}"],
)
def test_a_body_that_is_not_json_is_malformed(body):
    read = read_signal(body)

    assert isinstance(read, Malformed)
    assert read.reason is QuarantineReason.MALFORMED
    assert read.detail.startswith("not JSON: ")
    assert read.signal_id is None


@pytest.mark.parametrize(("body", "kind"), [("[]", "list"), ("null", "NoneType"), ('"buy"', "str"), ("1", "int")])
def test_json_that_is_no_object_is_malformed(body, kind):
    read = read_signal(body)

    assert read == Malformed(QuarantineReason.MALFORMED, f"not a JSON object but a {kind}")


@pytest.mark.parametrize("version", [0, 2, "1", None, [1]])
def test_an_unknown_schema_version_is_told_apart_from_a_malformed_body(version):
    read = read_signal(a_message(schema_version=version, votes="of another shape"))

    assert isinstance(read, Malformed)
    assert read.reason is QuarantineReason.UNKNOWN_SCHEMA_VERSION
    assert read.detail == f"schema_version = {version!r}: this code knows 1"
    assert read.signal_id == a_signal().signal_id


def test_a_body_without_a_schema_version_is_of_the_first():
    read = read_signal(a_message(schema_version=...))

    assert read == a_signal()


def test_a_missing_field_is_named():
    read = read_signal(a_message(side=..., entry_price=...))

    assert read == Malformed(
        QuarantineReason.MALFORMED, "side: Field required; entry_price: Field required", a_signal().signal_id
    )


def test_a_wrong_field_is_named_with_its_value():
    read = read_signal(a_message(votes=[a_vote(), a_vote(weight="-1")]))

    assert isinstance(read, Malformed)
    assert read.detail == "votes.1.weight = '-1': Input should be greater than 0"


def test_a_contradiction_between_fields_is_named():
    read = read_signal(a_message(target_price="99"))

    assert isinstance(read, Malformed)
    assert read.detail == "signal: stop 95, entry 100 and target 99 are not in order for a buy"


@pytest.mark.parametrize("confidence", [0.75, 0.98, 1])
def test_a04_a_fractional_confidence_is_malformed(confidence):
    read = read_signal(a_message(confidence=confidence))

    assert isinstance(read, Malformed)
    assert read.detail == (
        f"confidence = {confidence}: {confidence} looks like a fraction; give percent, 0-100 (75, not 0.75)"
    )


@pytest.mark.parametrize("side", ["NEUTRAL", "neutral", "", None, "BUY"])
def test_a28_a_signal_without_a_direction_is_malformed(side):
    read = read_signal(a_message(side=side))

    assert isinstance(read, Malformed)
    assert read.detail == f"side = {side!r}: Input should be 'buy' or 'sell'"


def test_a_signal_under_another_signals_id_is_malformed():
    read = read_signal(a_message(signal_id="0" * 24))

    assert isinstance(read, Malformed)
    assert "is not the one derived from the signal" in read.detail
    assert read.signal_id == "0" * 24


@pytest.mark.parametrize(
    "value", [7, None, ["a"], {}, "x" * 3_000, "\ud800", f"{a_signal().signal_id}\n", "F" * 24]
)
def test_a_signal_id_that_is_none_is_not_passed_on(value):
    read = read_signal(a_message(signal_id=value))

    assert isinstance(read, Malformed)
    assert read.signal_id is None


@pytest.mark.parametrize(
    "changes", [{"side": "x" * 500_000}, {"schema_version": "x" * 500_000}, {"votes": [{}] * 5_000}]
)
def test_a_detail_is_no_longer_than_a_record_and_a_reader_can_bear(changes):
    read = read_signal(a_message(**changes))

    assert isinstance(read, Malformed)
    assert len(read.detail) <= 1_000
    assert read.detail.startswith(*changes)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_malformed(number):
    body = a_message(confidence=...)[:-1] + f', "confidence": {number}}}'

    read = read_signal(body)

    assert isinstance(read, Malformed)
    assert "confidence" in read.detail


LEAKS = "read_signal catches ValidationError only; pydantic lets these ValueErrors and OverflowErrors through"


@pytest.mark.parametrize("field", ["bar_time", "created_at", "expires_at"])
def test_a_time_that_utc_cannot_hold_is_malformed(field):
    read = read_signal(a_message(**{field: "0001-01-01T00:00:00+14:00"}))

    assert isinstance(read, Malformed)


@pytest.mark.parametrize("number", [[None, None, None], [1, 2, 3], [0, [8, 0], 10**20]])
def test_a_list_in_a_numbers_place_is_malformed(number):
    read = read_signal(a_message(confidence=number))

    assert isinstance(read, Malformed)


@given(st.text())
def test_any_text_is_read_or_malformed(body):
    read = read_signal(body)

    assert isinstance(read, Malformed)


@given(st.binary(max_size=200))
def test_any_bytes_taken_for_text_are_malformed(raw):
    read = read_signal(raw.decode("utf-8", "surrogateescape"))

    assert isinstance(read, Malformed)


@given(st.dictionaries(st.sampled_from([*Signal.model_fields, "mood"]), json_values, max_size=4))
@example({"strategy": "\ud800"})
@example({"signal_id": "\ud800"})
@example({"symbol": "\x00"})
@example({"confidence": 10**400})
@example({"entry_price": "1E+1000000"})
@example({"bar_time": -(10**30)})
@example({"bar_time": "0001-01-01T00:00:00+14:00"})
@example({"confidence": [None, None, None]})
def test_a_signal_with_any_fields_changed_is_read_or_malformed(changes):
    body = a_message(**changes)

    read = read_signal(body)

    assert isinstance(read, Signal | Malformed)
    if isinstance(read, Malformed):
        assert read.detail
        assert read.reason.meaning


@given(json_values)
def test_any_json_is_malformed_unless_it_is_a_signal(value):
    body = json.dumps(value)

    read = read_signal(body)

    assert isinstance(read, Malformed)
