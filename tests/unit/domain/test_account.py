from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import Position, TradingState
from tests.unit.builders import NOW, a_broker_account, an_account_state


@pytest.mark.parametrize(
    "flag",
    [
        {"status": "SUBMITTED"},
        {"status": ""},
        {"trading_blocked": True},
        {"account_blocked": True},
        {"trade_suspended_by_user": True},
    ],
)
def test_any_one_flag_blocks_the_account(flag):
    account = a_broker_account(**flag)

    assert account.is_blocked


def test_an_active_account_without_flags_is_open():
    account = a_broker_account()

    assert not account.is_blocked


def test_amounts_the_broker_leaves_out_are_unknown_and_not_zero():
    account = a_broker_account()

    assert account.last_equity is None
    assert account.non_marginable_buying_power is None


def test_a_new_account_is_active_and_has_nothing_reserved():
    state = an_account_state()

    assert state.trading_state is TradingState.ACTIVE
    assert (state.reserved_notional, state.reserved_risk, state.version) == (0, 0, 0)
    assert (state.day_start_equity, state.peak_equity) == (None, None)


def test_a24_a_position_keeps_its_fraction_and_its_canonical_symbol():
    position = Position(symbol="BTCUSD", quantity="0.000000001", average_entry_price="64123.123456789")

    assert position.symbol == "BTC/USD"
    assert position.quantity == Decimal("0.000000001")


def test_orders_are_counted_within_the_minute_of_the_clock_to_the_microsecond():
    minute = NOW.replace(second=0, microsecond=0)
    state = an_account_state(rate_minute=minute, rate_orders=7)
    last = minute + timedelta(minutes=1) - timedelta(microseconds=1)

    counts = [state.orders_in_minute(at) for at in (minute, last, last + timedelta(microseconds=1))]

    assert counts == [7, 7, 0]
