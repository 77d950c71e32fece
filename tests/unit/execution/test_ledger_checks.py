from datetime import date, timedelta

import pytest

from argo.domain.account import TradingState
from argo.domain.reasons import Denial, DenialReason
from tests.unit.builders import NOW, a_holding, a_profile, a_signal, a_trade_exit
from tests.unit.execution.denials import ledgers


@pytest.mark.parametrize(
    ("state", "reason"),
    [(TradingState.HALTED, DenialReason.HALTED), (TradingState.REDUCING, DenialReason.REDUCING_ONLY)],
)
@pytest.mark.parametrize(("why", "told"), [("daily loss", "daily loss"), (None, "no reason given")])
def test_an_account_that_is_not_active_takes_no_new_risk(state, reason, why, told):
    denial = ledgers(trading_state=state, state_reason=why)

    assert denial == Denial(reason, {"because": told})


def test_a_halt_says_since_when_and_until_when():
    denial = ledgers(
        trading_state=TradingState.HALTED, state_reason="breach", state_since=NOW, resumes_on=date(2026, 3, 3)
    )

    assert denial == Denial(
        DenialReason.HALTED, {"because": "breach", "since": NOW.isoformat(), "resumes_on": "2026-03-03"}
    )


def test_a_symbol_that_another_execution_holds_is_denied_with_its_holder():
    denial = ledgers(holdings={"AAPL": a_holding()})

    assert denial == Denial(
        DenialReason.ALREADY_POSITIONED, {"symbol": "AAPL", "held_by": "0123456789abcdef01234567"}
    )


def test_a_symbol_that_the_signal_itself_holds_passes():
    denial = ledgers(holdings={"AAPL": a_holding(signal_id=a_signal().signal_id)})

    assert denial is None


def test_a_protections_lock_is_a_denial():
    profile = a_profile(protections={"stop_loss_guard": {"stops": 1, "within_minutes": 5, "lock_minutes": 5}})

    denial = ledgers(profile, exits=(a_trade_exit(),))

    assert denial is not None
    assert denial.reason is DenialReason.STOP_LOSS_GUARD
    assert denial.numbers["until"] == (NOW + timedelta(minutes=4)).isoformat()


@pytest.mark.parametrize(("orders", "denied"), [(0, False), (4, False), (5, True), (6, True)])
def test_no_more_orders_go_out_in_a_minute_than_the_profile_allows(orders, denied):
    minute = NOW.replace(second=0)

    denial = ledgers(a_profile(orders_per_minute=5), rate_minute=minute, rate_orders=orders)

    told = {"orders_this_minute": str(orders), "orders_per_minute": "5"}
    assert denial == (Denial(DenialReason.ORDER_RATE_LIMIT, told) if denied else None)


def test_another_minutes_orders_do_not_count():
    earlier = NOW.replace(second=0) - timedelta(minutes=1)

    assert ledgers(a_profile(orders_per_minute=5), rate_minute=earlier, rate_orders=9) is None


def test_an_account_without_a_rate_limit_has_none():
    assert ledgers(rate_minute=NOW.replace(second=0), rate_orders=1_000) is None
