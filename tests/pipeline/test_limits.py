"""Loss limits on the whole pipeline: measured by the exchange's day, latched in the ledger, per account."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.account_status import limits
from argo.domain.execution import ExecutionState
from argo.domain.limits import Level
from argo.domain.profile import BreachEnds
from argo.domain.signal import Side
from simulation.broker.server import Fault
from tests.pipeline.losses import DEEP, HELD, NEXT_MORNING, lost, move
from tests.pipeline.pipeline import MINUTE, PRICE, against
from tests.pipeline.trades import fresh
from tests.unit.builders import a_signal

LAST_MINUTE = datetime(2026, 3, 2, 20, 59, tzinfo=UTC)


def test_a25_a_daily_loss_halts_its_account_and_not_the_other(invested):
    for executor in ("argo", "prop_firm"):
        invested.configured(executor, daily_loss_limit_percent=1)
    theirs = a_signal(symbol="MSFT", confidence=Decimal(90), stop_price=Decimal("98.6"))
    invested.hold(theirs, "prop_firm")

    halted = move(invested, DEEP)
    invested.reconcile("prop_firm")

    assert halted.trading_state is TradingState.HALTED
    assert halted.state_reason.startswith(f"daily_loss: {lost(invested, DEEP):.2f} USD of 10000.00 lost")
    assert invested.account("prop_firm").trading_state is TradingState.ACTIVE
    assert invested.execute(a_signal(symbol="SPY")).reason == "halted"
    entered = invested.execute(a_signal(symbol="SPY", confidence=Decimal(90)), "prop_firm")
    assert entered.state is ExecutionState.SUBMITTED


def test_a25_a_breach_holds_when_the_loss_has_passed_until_a_person_resumes(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    breached = move(invested, DEEP)

    recovered = move(invested, PRICE)
    denied = invested.execute(fresh(invested, "SPY"))
    invested.resume()
    entered = invested.execute(fresh(invested, "MSFT"))

    assert recovered.trading_state is TradingState.HALTED
    assert (recovered.state_reason, recovered.state_since) == (breached.state_reason, breached.state_since)
    assert (denied.state, denied.reason) == (ExecutionState.DENIED, "halted")
    assert denied.detail["because"] == breached.state_reason
    assert entered.state is ExecutionState.SUBMITTED


def test_a25_a_resume_does_not_lift_a_limit_that_is_still_used_up(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    move(invested, DEEP)

    invested.resume()
    denied = invested.execute(fresh(invested, "SPY"))

    assert denied.reason == "daily_loss_limit"
    assert invested.account().trading_state is TradingState.HALTED


@pytest.mark.parametrize(
    ("ends", "afterwards"),
    [(BreachEnds.BY_OPERATOR, TradingState.HALTED), (BreachEnds.NEXT_TRADING_DAY, TradingState.ACTIVE)],
)
def test_a25_a_daily_breach_ends_with_the_exchanges_day_where_configured(invested, ends, afterwards):
    invested.configured("argo", daily_loss_limit_percent=1, daily_loss_ends=ends)
    move(invested, DEEP)

    invested.set_time(LAST_MINUTE)
    same_day = move(invested, PRICE)
    move(invested, DEEP)
    invested.set_time(NEXT_MORNING)
    invested.reconcile()
    next_day = invested.account()

    assert same_day.trading_state is TradingState.HALTED
    assert next_day.trading_state is afterwards
    assert next_day.day_start_equity == 1_000_000 - lost(invested, DEEP)
    entered = invested.execute(fresh(invested, "SPY"))
    assert (entered.state is ExecutionState.SUBMITTED) is (afterwards is TradingState.ACTIVE)


def test_a25_a_breach_of_friday_ends_on_monday(pipeline):
    pipeline.configured("argo", daily_loss_limit_percent=1, daily_loss_ends=BreachEnds.NEXT_TRADING_DAY)
    friday = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
    pipeline.set_time(friday)
    pipeline.reconcile()
    for symbol in HELD:
        pipeline.hold(fresh(pipeline, symbol))
    on_friday = move(pipeline, DEEP)

    pipeline.set_time(datetime(2026, 3, 9, 13, 31, tzinfo=UTC))
    on_monday = move(pipeline, DEEP)

    assert on_friday.trading_state is TradingState.HALTED
    assert on_monday.trading_state is TradingState.ACTIVE
    assert on_monday.trading_day.isoformat() == "2026-03-09"


def test_a25_the_days_loss_begins_anew_with_the_day_and_not_with_an_observation(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    slight = Decimal("98.5")

    today = move(invested, slight)
    invested.set_time(NEXT_MORNING)
    invested.reconcile()
    tomorrow = move(invested, slight - (PRICE - slight))
    deeper = move(invested, slight - (PRICE - slight) - 1)

    assert today.trading_state is tomorrow.trading_state is TradingState.ACTIVE
    assert tomorrow.day_start_equity == 1_000_000 - lost(invested, slight)
    assert deeper.trading_state is TradingState.HALTED


def test_a25_two_losses_of_one_day_add_up(invested):
    invested.configured("argo", daily_loss_limit_percent=1)

    first = move(invested, Decimal("98.5"))
    second = move(invested, DEEP)

    assert first.trading_state is TradingState.ACTIVE
    assert second.trading_state is TradingState.HALTED


def test_a_gap_overnight_counts_as_the_new_days_loss(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    move(invested, PRICE)
    invested.set_time(NEXT_MORNING)

    gapped = move(invested, DEEP)

    assert gapped.trading_day.isoformat() == "2026-03-03"
    assert gapped.day_start_equity == 1_000_000
    assert gapped.trading_state is TradingState.HALTED


def test_a25_a_days_start_is_marked_once(invested):
    before_the_opening = NEXT_MORNING.replace(hour=13)
    invested.set_time(before_the_opening, is_open=False)
    marked = move(invested, Decimal(99))

    invested.set_time(NEXT_MORNING)
    in_session = move(invested, Decimal("98.5"))

    assert marked.trading_day.isoformat() == "2026-03-03"
    assert marked.day_start_equity == in_session.day_start_equity == 1_000_000 - lost(invested, Decimal(99))


def test_a25_the_executor_halts_on_a_breach_that_nobody_has_seen_yet(invested):
    invested.configured("argo", daily_loss_limit_percent=1, daily_loss_ends=BreachEnds.NEXT_TRADING_DAY)
    for symbol in HELD:
        invested.set_price(symbol, DEEP)

    denied = invested.execute(fresh(invested, "SPY"))

    account = invested.account()
    assert denied.reason == "daily_loss_limit"
    assert account.trading_state is TradingState.HALTED
    assert account.resumes_on.isoformat() == "2026-03-03"
    assert invested.execute(fresh(invested, "MSFT")).reason == "halted"


def test_the_room_shrinks_with_the_loss_until_there_is_none(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    rooms = []

    for price in (PRICE, Decimal("98.3"), Decimal("97.8"), DEEP):
        (limit,) = limits(invested.profiles["argo"], move(invested, price))
        rooms.append((limit.room, limit.level))
        assert limit.used == lost(invested, price)

    assert [level for _, level in rooms] == [Level.OK, Level.WARNING, Level.CRITICAL, Level.BREACH]
    assert [room for room, _ in rooms] == sorted((room for room, _ in rooms), reverse=True)
    assert (rooms[0][0], rooms[-1][0]) == (10_000, 0)


@pytest.mark.parametrize("path", ["/v2/account", "/v2/clock"])
def test_a19_a_broker_that_does_not_tell_leaves_a_halt_as_it_is(invested, path):
    invested.configured("argo", daily_loss_limit_percent=1, daily_loss_ends=BreachEnds.NEXT_TRADING_DAY)
    breached = move(invested, DEEP)
    invested.set_time(NEXT_MORNING)
    bad_gateway = Fault(method="GET", path=path, status=502, body="<html>bad gateway</html>", times=2)
    invested.server.faults.add(bad_gateway)

    unseen = move(invested, PRICE)
    denied = invested.execute(fresh(invested, "SPY"))

    assert unseen == breached
    assert denied.reason == "halted"


def test_a19_a_breach_does_not_stop_the_watch(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    breached = move(invested, DEEP)
    invested.pass_time(MINUTE)

    later = move(invested, DEEP - 1)

    assert later.equity < breached.equity
    assert later.observed_at == breached.observed_at + MINUTE
    assert later.state_reason == breached.state_reason


def test_a20_exits_by_signal_and_by_stop_still_pass_after_a_breach(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    move(invested, DEEP)

    left = invested.execute(against(a_signal(symbol="AAPL", side=Side.BUY)))
    invested.set_price("IBM", Decimal(94))
    invested.reconcile()

    assert left.state is ExecutionState.CLOSED
    assert [invested.held(symbol) for symbol in HELD] == [0, 0]
    assert invested.account().holdings == {}
    assert invested.account().trading_state is TradingState.HALTED


def test_b12_a_halt_is_seen_by_a_worker_that_has_read_the_account_before(pipeline):
    """The halt moves the account's version: a reservation made on the view before it fails, and reads again."""
    signal = a_signal()
    before = pipeline.account()

    pipeline.set_trading_state(TradingState.HALTED, reason="an operator")
    denied = pipeline.execute(signal)

    assert pipeline.account().version > before.version
    assert denied.reason == "halted"
    assert pipeline.broker_orders() == []


def test_an_account_that_was_never_observed_has_its_limits_all_the_same(pipeline):
    pipeline.configured("argo", daily_loss_limit_percent=1)
    for symbol in HELD:
        pipeline.execute(a_signal(symbol=symbol))
        pipeline.set_price(symbol, DEEP)

    denied = pipeline.execute(a_signal(symbol="SPY"))

    assert pipeline.account().observed_at is None
    assert denied.reason == "daily_loss_limit"


def test_a_new_trading_day_does_not_lift_an_operators_halt(invested):
    invested.configured("argo", daily_loss_limit_percent=1, daily_loss_ends=BreachEnds.NEXT_TRADING_DAY)
    invested.set_trading_state(TradingState.HALTED, reason="an operator")
    move(invested, DEEP)

    invested.set_time(NEXT_MORNING + timedelta(days=1))
    invested.reconcile()

    assert invested.account().trading_state is TradingState.HALTED
    assert invested.account().state_reason == "an operator"
