import hashlib
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from argo.domain.signal import Side, Signal, Timeframe, Vote, signal_id
from argo.domain.symbols import Symbol
from tests.unit.builders import BAR_TIME, NOW, a_message, a_signal, a_vote
from tests.unit.strategies import sides, signals, symbols, times, words

FACT = {
    "strategy": "consensus",
    "strategy_version": "1",
    "symbol": Symbol("AAPL"),
    "side": Side.BUY,
    "timeframe": Timeframe.MINUTE,
    "bar_time": BAR_TIME,
}
OTHER_FACTS = {
    "strategy": words,
    "strategy_version": words,
    "symbol": symbols,
    "side": sides,
    "timeframe": st.sampled_from(Timeframe),
    "bar_time": times,
}


def test_the_id_is_the_start_of_the_sha256_over_the_fact():
    fact = "consensus|1|AAPL|buy|1Min|2026-03-02T15:00:00Z"

    derived = signal_id(**FACT)

    assert derived == hashlib.sha256(fact.encode()).hexdigest()[:24]


@given(signals(), st.integers(0, 600))
def test_b13_two_sightings_of_one_crossing_are_one_signal(signal, seconds_later):
    later = timedelta(seconds=seconds_later)
    seen_again = a_signal(
        **signal.model_dump(
            exclude={"signal_id", "created_at", "expires_at", "confidence", "volatility", "votes"}
        ),
        created_at=signal.created_at + later,
        expires_at=signal.expires_at + later,
        confidence=Decimal(91),
    )

    ids = {signal.signal_id, seen_again.signal_id}

    assert len(ids) == 1


@pytest.mark.parametrize("ingredient", sorted(OTHER_FACTS))
@given(data=st.data())
def test_b13_any_other_fact_is_another_signal(ingredient, data):
    other = data.draw(OTHER_FACTS[ingredient].filter(lambda value: value != FACT[ingredient]))

    ids = {signal_id(**FACT), signal_id(**FACT | {ingredient: other})}

    assert len(ids) == 2


@given(times, st.integers(-14 * 60, 14 * 60))
def test_the_id_does_not_depend_on_the_zone_a_bars_time_is_written_in(bar_time, minutes):
    elsewhere = bar_time.astimezone(timezone(timedelta(minutes=minutes)))

    ids = {signal_id(**FACT | {"bar_time": moment}) for moment in (bar_time, elsewhere)}

    assert len(ids) == 1


def test_the_id_of_a_naive_bar_time_is_refused():
    naive = datetime(2026, 3, 2, 15)  # noqa: DTZ001 - the case itself

    with pytest.raises(ValueError, match="naive"):
        signal_id(**FACT | {"bar_time": naive})


@given(signals())
def test_a_signal_survives_json_exactly(signal):
    body = signal.model_dump_json()

    read = Signal.model_validate_json(body)

    assert read == signal
    assert read.content_sha256() == signal.content_sha256()
    assert [str(price) for price in (read.entry_price, read.stop_price, read.target_price)] == [
        str(price) for price in (signal.entry_price, signal.stop_price, signal.target_price)
    ]


def test_a_confidence_of_many_digits_is_refused_or_survives_json_exactly():
    try:
        signal = a_signal(confidence=Decimal("80.12345678901234567890"))
    except ValidationError:
        return

    read = Signal.model_validate_json(signal.model_dump_json())

    assert read == signal


@given(signals())
def test_a_signals_json_holds_prices_as_strings_and_times_in_utc(signal):
    raw = json.loads(signal.model_dump_json())

    assert all(isinstance(raw[name], str) for name in ("entry_price", "stop_price", "target_price"))
    assert all(raw[name].endswith("Z") for name in ("bar_time", "created_at", "expires_at"))


def test_the_content_hash_changes_with_the_content():
    signal = a_signal()

    hashes = {signal.content_sha256(), a_signal(entry_price=Decimal("100.01")).content_sha256()}

    assert len(hashes) == 2


def test_an_unknown_extra_field_is_ignored():
    body = a_message(mood="bullish")

    read = Signal.model_validate_json(body)

    assert read == a_signal()


REQUIRED = [name for name, field in Signal.model_fields.items() if field.is_required()]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused_by_name(field):
    body = a_message(**{field: ...})

    with pytest.raises(ValidationError) as refused:
        Signal.model_validate_json(body)

    assert [problem["loc"] for problem in refused.value.errors()] == [(field,)]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("schema_version", 2),
        ("signal_id", "0123456789abcdef0123456"),
        ("signal_id", "0123456789ABCDEF01234567"),
        ("symbol", "???"),
        ("entry_price", "0"),
        ("stop_price", "-1"),
        ("target_price", "NaN"),
        ("volatility", 2),
        ("strategy", "a|b"),
        ("strategy_version", ""),
        ("timeframe", "2Min"),
        ("bar_time", "2026-03-02T15:00:00"),
        ("regime", "sideways"),
    ],
)
def test_a_wrong_field_is_refused_by_name(field, wrong):
    body = a_message(**{field: wrong})

    with pytest.raises(ValidationError) as refused:
        Signal.model_validate_json(body)

    assert field in {problem["loc"][0] for problem in refused.value.errors()}


@pytest.mark.parametrize("fraction", [0.75, 0.98, 1])
def test_a04_a_fractional_confidence_is_refused(fraction):
    signal, vote = a_message(confidence=fraction), a_message(votes=[a_vote(confidence=fraction)])

    for body in (signal, vote):
        with pytest.raises(ValidationError, match="give percent"):
            Signal.model_validate_json(body)


@pytest.mark.parametrize("direction", ["NEUTRAL", "neutral", "hold", "", None, "BUY", "Side.BUY", 1])
def test_a28_a_direction_other_than_buy_and_sell_is_refused(direction):
    signal, vote = a_message(side=direction), a_message(votes=[a_vote(side=direction)])

    for body in (signal, vote):
        with pytest.raises(ValidationError, match="'buy' or 'sell'"):
            Signal.model_validate_json(body)


def test_a28_there_are_two_sides_each_the_others_opposite():
    sides = list(Side)

    opposites = [side.opposite for side in sides]

    assert sides == [Side.BUY, Side.SELL]
    assert opposites == [Side.SELL, Side.BUY]


def test_an_id_that_is_not_derived_from_the_signal_is_refused():
    body = a_message(signal_id="0" * 24)

    with pytest.raises(ValidationError, match="is not the one derived from the signal"):
        Signal.model_validate_json(body)


@pytest.mark.parametrize(
    ("side", "stop", "entry", "target"),
    [
        ("buy", 105, 100, 90),
        ("sell", 95, 100, 110),
        ("buy", 100, 100, 110),
        ("buy", 95, 100, 100),
        ("sell", 100, 100, 90),
        ("sell", 105, 100, 100),
        ("buy", 101, 100, 110),
        ("buy", 95, 100, 99),
        ("sell", 99, 100, 90),
        ("sell", 105, 100, 101),
        ("buy", 100, 100, 100),
    ],
)
def test_stop_entry_and_target_out_of_order_are_refused(side, stop, entry, target):
    with pytest.raises(ValidationError, match=f"are not in order for a {side}"):
        a_signal(
            side=Side(side), stop_price=Decimal(stop), entry_price=Decimal(entry), target_price=Decimal(target)
        )


@pytest.mark.parametrize(
    "times",
    [
        {"bar_time": NOW + timedelta(seconds=1)},
        {"expires_at": NOW},
        {"expires_at": NOW - timedelta(seconds=1)},
        {"created_at": BAR_TIME - timedelta(microseconds=1)},
    ],
)
def test_times_out_of_order_are_refused(times):
    with pytest.raises(ValidationError, match="are not in order"):
        a_signal(**times)


def test_a_signal_may_be_created_at_its_bars_start():
    signal = a_signal(created_at=BAR_TIME)

    assert signal.created_at == signal.bar_time


@pytest.mark.parametrize(("microseconds", "expired"), [(-1, False), (0, True), (1, True)])
def test_b07_a_signal_is_expired_from_the_moment_it_names(microseconds, expired):
    signal = a_signal()

    told = signal.is_expired(signal.expires_at + timedelta(microseconds=microseconds))

    assert told is expired


def test_a_signal_cannot_be_changed():
    signal = a_signal()

    with pytest.raises(ValidationError, match="frozen"):
        signal.confidence = Decimal(99)


@pytest.mark.parametrize("wrong", [{"source": ""}, {"weight": "0"}, {"weight": "-1"}, {"confidence": 101}])
def test_a_wrong_vote_is_refused(wrong):
    vote = a_vote(**wrong)

    with pytest.raises(ValidationError):
        Vote.model_validate(vote)


@pytest.mark.parametrize(
    ("timeframe", "minutes"),
    [
        (Timeframe.MINUTE, 1),
        (Timeframe.FIVE_MINUTES, 5),
        (Timeframe.QUARTER_HOUR, 15),
        (Timeframe.HOUR, 60),
        (Timeframe.DAY, 1440),
    ],
)
def test_a_timeframe_knows_how_long_its_bar_lasts(timeframe, minutes):
    duration = timeframe.duration

    assert duration == timedelta(minutes=minutes)
