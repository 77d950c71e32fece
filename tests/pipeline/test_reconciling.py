"""A run of the reconciler over a whole account: whose records it follows, what it leaves behind, what halts it."""

from decimal import Decimal

from argo.domain.execution import ExecutionState
from simulation.broker.server import Fault
from tests.pipeline.market_day import Day, close_time
from tests.pipeline.pipeline import MINUTE


def test_a08_two_accounts_on_one_signal_are_followed_each_in_its_own_record(pipeline):
    days = {name: Day(pipeline, name) for name in ("argo", "prop_firm")}
    entry = {"confidence": Decimal(90), "stop_price": Decimal("98.60")}
    (signal,) = {day.enter(**entry) for day in days.values()}
    for day in days.values():
        day.run()

    days["argo"].flatten()
    for day in days.values():
        day.minute(2)

    assert days["argo"].execution(signal).state is ExecutionState.CLOSED
    assert days["prop_firm"].execution(signal).state is ExecutionState.FILLED
    assert days["argo"].order(signal).id != days["prop_firm"].order(signal).id
    for day in days.values():
        day.check_books()


def test_a06_each_run_leaves_its_time_on_the_account(day):
    observed = []
    for _ in range(3):
        day.minute()
        observed.append(day.pipeline.account().observed_at)

    now = day.pipeline.clock.now()
    assert observed == [now - 2 * MINUTE, now - MINUTE, now]


def test_a06_a_run_that_the_broker_does_not_answer_leaves_no_time(day):
    day.minute()
    before = day.pipeline.account().observed_at
    day.pipeline.server.faults.add(Fault(drop=True, times=100))

    report = day.minute()

    assert report.unanswered > 0
    assert day.pipeline.account().observed_at == before


def test_a25_a_daily_loss_halts_until_the_next_trading_day_whoever_asks(day):
    day.pipeline.configured("argo", daily_loss_limit_percent=1, daily_loss_ends="next_trading_day")
    day.hold()
    day.minute()

    day.price(85)
    day.minute()
    halted = day.pipeline.account()
    day.pipeline.set_time(close_time(day.pipeline) - MINUTE)
    day.run()
    still = day.pipeline.account()
    tomorrow = day.pipeline.server.broker.clock.calendar.next_open(day.pipeline.clock.now())
    day.pipeline.set_time(tomorrow + MINUTE)
    day.run()

    assert halted.trading_state == still.trading_state == "HALTED"
    assert halted.resumes_on == tomorrow.date()
    assert day.pipeline.account().trading_state == "ACTIVE"
