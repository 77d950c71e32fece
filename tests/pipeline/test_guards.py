"""A position whose bracket is gone or was never whole gets a stop of its own, within two runs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.placements import Cover
from argo.domain.profile import ExitRules, OnUnprotected
from simulation.broker.server import Fault
from tests.pipeline.pipeline import MINUTE, OPENS, PRICE
from tests.pipeline.trades import BOTH, REFUSED, ended, mirrored, partly_filled


def test_a_part_of_an_entry_that_goes_on_working_is_protected_within_two_runs(day):
    partly_filled(day, 5)

    day.minute(2)

    assert day.unprotected() == set()


@BOTH
@pytest.mark.parametrize("who", ["a person", "its expiry"])
def test_b08_the_filled_part_of_a_cancelled_entry_gets_an_oco_for_exactly_that_part(day, side, who):
    entry = {"side": side, "expires_at": OPENS + MINUTE}
    signal = partly_filled(day, 5, **entry)

    if who == "a person":
        day.cancel_by_hand(day.order(signal))
    day.minute(2)
    guard = day.order(signal, "guard")
    held, protection = day.held(), day.execution(signal).protection
    day.price(mirrored(side, 10))
    day.minute()

    assert abs(held) == guard.quantity == 5
    assert (guard.order_class, guard.side) == ("oco", side.opposite)
    assert (protection.cover, protection.order_id, protection.naked_since) == (Cover.COMPLETE, guard.id, None)
    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "take_profit"], 50)
    day.check_over()


@pytest.mark.parametrize("level", [Decimal(95), Decimal(90)], ids=["at its stop", "gap through"])
def test_b08_the_guard_of_a_part_closes_it_at_its_stop(day, level):
    signal = partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.minute(2)

    day.price(level)
    day.minute()

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "stop_loss"], 5 * (level - PRICE))
    day.check_over()


def test_a_naked_part_whose_stop_the_market_has_passed_is_left(day):
    signal = partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.cancel_by_hand(day.order(signal))

    day.price(94)
    day.minute(3)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], -30)
    assert day.execution(signal).exit.why == "the market is past its stop"
    day.check_over()


def test_a_part_that_the_broker_forgets_for_ten_seconds_is_guarded_once(day):
    signal = partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.behave(orders_lag=10, positions_lag=10)

    for _ in range(20):
        day.pipeline.pass_time(timedelta(seconds=6))
        day.run()

    assert day.order(signal, "guard").quantity == 5
    day.price(110)
    day.minute(2)
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "take_profit"])
    day.check_over()


def refusing(times):
    """Refuse orders, whatever they are."""
    return Fault(method="POST", path="/v2/orders", status=403, body=REFUSED, times=times)


def test_a16_a_guard_that_is_refused_once_is_sent_again_at_corrected_prices(day):
    signal = partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.pipeline.server.faults.add(refusing(1))

    refused = day.minute()
    known = day.execution(signal).protection
    day.minute()

    assert refused.problems[signal.signal_id] == f"not guarded: {REFUSED['message']}"
    assert (known.cover, known.reason, known.attempt) == (Cover.NONE, REFUSED["message"], 1)
    assert day.execution(signal).protection.cover is Cover.COMPLETE
    assert day.order(signal, "guard").client_order_id.endswith("-guard")
    day.check_books()


def test_a16_a_guard_that_is_refused_twice_ends_the_position_where_the_profile_flattens(day):
    signal = partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.pipeline.server.faults.add(refusing(2))

    day.minute()
    once = day.execution(signal)
    day.minute()
    twice = day.execution(signal)
    day.minute(2)

    assert (once.protection.refusals, once.exit) == (1, None)
    assert (twice.protection.refusals, twice.exit.why) == (2, "the broker will not guard it")
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    day.check_over()


def test_a16_a_guard_that_is_refused_twice_is_reported_each_run_where_the_profile_warns(day):
    day.pipeline.configured("argo", exits=ExitRules(unprotected=OnUnprotected.WARN))
    signal = partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.pipeline.server.faults.add(refusing(2))

    reports = []
    for _ in range(4):
        day.pipeline.pass_time(MINUTE)
        reports.append(day.run())

    execution = day.execution(signal)
    assert [report.problems[signal.signal_id] for report in reports[2:]] == ["the broker will not guard it"] * 2
    assert (execution.state, execution.protection.cover) == (ExecutionState.FILLED, Cover.NONE)
    assert execution.protection.reason == REFUSED["message"]
    seconds = [max(report.unprotected_seconds) for report in reports]
    assert seconds == [seconds[0] + 60 * run for run in range(4)]
    assert day.orders(signal, "exit") == day.orders(signal, "guard") == []


def test_b15_a_guard_is_for_what_argo_bought_and_not_for_what_a_person_holds_beside_it(day):
    signal = partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.order_by_hand(symbol="AAPL", side="buy", qty=300)
    day.by_hand["AAPL"] = 300

    day.minute(2)

    assert day.order(signal, "guard").quantity == 5
    day.check_books()


def test_a19_an_account_that_is_halted_still_has_its_positions_guarded_and_left(day):
    signal = partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.pipeline.set_trading_state("HALTED")

    day.minute(2)
    guarded = day.execution(signal).protection.cover
    day.flatten()
    day.minute(2)

    assert guarded is Cover.COMPLETE
    assert day.execution(signal).state is ExecutionState.CLOSED
    day.check_over()
