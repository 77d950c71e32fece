from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from argo.domain.limits import DAILY_LOSS, DRAWDOWN, EquityMarks, Level, Limit, breached, loss_limits, marks
from tests.unit.builders import NOW, a_broker_account, a_market_clock, a_profile, an_account_state
from tests.unit.strategies import amounts, size_percents

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
MORNING = a_market_clock(is_open=False, next_open=NOW + timedelta(hours=1), next_close=NOW + timedelta(hours=7))
SESSION = a_market_clock()
EVENING = a_market_clock(is_open=False, next_open=NOW + timedelta(hours=18), next_close=NOW + timedelta(hours=24))


def dollars(**amounts: object) -> dict[str, Decimal]:
    return {name: Decimal(str(amount)) for name, amount in amounts.items()}


def seen(clock=SESSION, equity=100_000, last_equity=None, **state) -> EquityMarks:
    broker = a_broker_account(
        equity=Decimal(equity), last_equity=None if last_equity is None else Decimal(last_equity)
    )
    return marks(an_account_state(**state), broker, clock)


def known(equity, day_start=100_000, start=100_000, peak=100_000) -> EquityMarks:
    return EquityMarks(TODAY, **dollars(equity=equity, day_start=day_start, start=start, peak=peak))


def test_a25_within_a_day_its_start_stays():
    found = seen(equity=97_000, last_equity=50_000, trading_day=TODAY, **dollars(day_start_equity=99_000))

    assert (found.trading_day, found.day_start) == (TODAY, 99_000)


def test_a25_a_day_whose_start_nobody_has_measured_begins_at_the_last_close():
    assert seen(equity=97_000, last_equity=101_000, trading_day=TODAY, day_start_equity=None).day_start == 101_000


def test_a25_a_new_day_begins_at_the_last_close_while_the_exchange_is_open():
    found = seen(equity=97_000, last_equity=101_000, trading_day=YESTERDAY, **dollars(day_start_equity=99_000))

    assert (found.trading_day, found.day_start, found.equity) == (TODAY, 101_000, 97_000)


def test_a25_before_the_opening_the_brokers_last_close_may_be_an_older_one_and_is_not_used():
    found = seen(
        MORNING, equity=97_000, last_equity=150_000, trading_day=YESTERDAY, **dollars(day_start_equity=99_000)
    )

    assert (found.trading_day, found.day_start) == (TODAY, 97_000)


def test_a25_after_the_close_the_next_day_begins_with_what_is_there():
    found = seen(EVENING, equity=97_000, trading_day=TODAY, **dollars(day_start_equity=99_000))

    assert (found.trading_day, found.day_start) == (TODAY + timedelta(days=1), 97_000)


@pytest.mark.parametrize("last_equity", [None, 0])
def test_a_day_without_a_last_close_begins_with_the_equity_that_is_there(last_equity):
    found = seen(equity=97_000, last_equity=last_equity)

    assert found.day_start == 97_000


def test_an_account_seen_for_the_first_time_has_its_day_for_its_start():
    found = seen(equity=97_000, last_equity=98_000)

    assert (found.start, found.peak) == (98_000, 98_000)


def test_an_account_that_is_measured_anew_has_this_moment_for_its_start():
    found = seen(equity=97_000, last_equity=98_000, trading_day=YESTERDAY)

    assert (found.start, found.peak) == (97_000, 97_000)


def test_a_start_once_known_stays_and_a_peak_only_rises():
    known_marks = dollars(starting_equity=90_000, peak_equity=120_000)

    below, above = seen(equity=110_000, **known_marks), seen(equity=130_000, **known_marks)

    assert (below.start, below.peak) == (90_000, 120_000)
    assert (above.start, above.peak) == (90_000, 130_000)


@given(amounts, amounts, amounts)
def test_a_peak_is_never_below_the_equity_nor_below_an_earlier_peak(equity, peak, last):
    found = seen(equity=equity, last_equity=last, peak_equity=peak)

    assert found.peak >= max(equity, peak)


def test_a_profile_without_limits_has_none():
    assert loss_limits(a_profile(), known(1)) == []


@pytest.mark.parametrize(
    ("equity", "used"), [(100_001, 0), (100_000, 0), (99_999, 1), (95_000, 5_000), (90_000, 10_000)]
)
def test_a_daily_loss_is_measured_from_the_days_start_and_a_gain_is_no_loss(equity, used):
    profile = a_profile(daily_loss_limit_percent=5)

    (limit,) = loss_limits(profile, known(equity, peak=200_000, start=300_000))

    assert limit == Limit(DAILY_LOSS, Decimal(used), Decimal(5_000))


def test_a_trailing_drawdown_is_measured_from_the_peak():
    profile = a_profile(drawdown_limit_percent=10)

    (limit,) = loss_limits(profile, known(115_000, peak=120_000))

    assert limit == Limit(DRAWDOWN, Decimal(5_000), Decimal(12_000))


def test_a_static_drawdown_is_measured_from_the_start_and_forgives_what_was_gained():
    profile = a_profile(drawdown_limit_percent=10, drawdown_basis="static")

    limits = [loss_limits(profile, known(equity, peak=150_000))[0] for equity in (115_000, 95_000)]

    assert limits == [Limit(DRAWDOWN, Decimal(used), Decimal(10_000)) for used in (0, 5_000)]


def test_the_daily_loss_comes_before_the_drawdown():
    profile = a_profile(daily_loss_limit_percent=5, drawdown_limit_percent=10)

    limits = loss_limits(profile, known(80_000))

    assert [limit.name for limit in limits] == [DAILY_LOSS, DRAWDOWN]
    assert breached(limits) == limits[0]


@pytest.mark.parametrize(
    ("used", "level"),
    [
        ("0", Level.OK),
        ("69.99", Level.OK),
        ("70", Level.WARNING),
        ("89.99", Level.WARNING),
        ("90", Level.CRITICAL),
        ("99.99", Level.CRITICAL),
        ("100", Level.BREACH),
        ("250", Level.BREACH),
    ],
)
def test_seventy_percent_of_a_limit_is_a_warning_ninety_critical_and_all_of_it_a_breach(used, level):
    limit = Limit(DRAWDOWN, Decimal(used), Decimal(100))

    assert limit.level is level
    assert (breached([limit]) is not None) == (level is Level.BREACH)


@pytest.mark.parametrize(("used", "room"), [("0", "100"), ("99.5", "0.5"), ("100", "0"), ("101", "0")])
def test_the_room_is_what_is_left_and_never_negative(used, room):
    assert Limit(DAILY_LOSS, Decimal(used), Decimal(100)).room == Decimal(room)


@pytest.mark.parametrize("measured_from", [0, -5])
def test_a19_an_account_with_nothing_to_measure_from_has_used_up_its_limits(measured_from):
    profile = a_profile(daily_loss_limit_percent=5, drawdown_limit_percent=10)

    limits = loss_limits(profile, known(50, day_start=measured_from, peak=measured_from))

    assert limits == [Limit(name, Decimal(1), Decimal(1)) for name in (DAILY_LOSS, DRAWDOWN)]
    assert {limit.level for limit in limits} == {Level.BREACH}


def test_an_account_with_a_dollar_to_measure_from_has_limits_of_it():
    (limit,) = loss_limits(a_profile(daily_loss_limit_percent=5), known(1, day_start=1))

    assert limit == Limit(DAILY_LOSS, Decimal(0), Decimal("0.05"))


@given(amounts, amounts, size_percents, size_percents)
def test_a_limit_is_breached_exactly_from_its_percentage_on(peak, equity, percent, daily):
    profile = a_profile(drawdown_limit_percent=percent, daily_loss_limit_percent=daily)

    day_loss, drawdown = loss_limits(profile, known(equity, day_start=peak, peak=peak))

    for limit, allowed in ((day_loss, daily), (drawdown, percent)):
        assert (limit.level is Level.BREACH) == (peak <= 0 or (peak - equity) * 100 >= peak * allowed)
        assert limit.room == max(limit.limit - limit.used, 0)


def test_a_trading_day_is_the_exchanges_and_not_the_clocks():
    friday_evening = a_market_clock(
        is_open=False,
        next_open=NOW.replace(day=9, hour=14, minute=30),
        next_close=NOW.replace(day=9, hour=21),
    )

    assert friday_evening.trading_day == date(2026, 3, 9)
    assert SESSION.trading_day == TODAY
