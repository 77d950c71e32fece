"""From a claim to an intent: what halts an account on the way, and what a flip's entry does not wait for."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.limits import EquityMarks
from execution.flow import Flow
from simulation.broker import Behaviour
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount, against

TODAY, TOMORROW = OPENS.date(), OPENS.date() + timedelta(days=1)
LIMITS = [
    ({"daily_loss_limit_percent": 5, "daily_loss_ends": "next_trading_day"}, "daily_loss_limit", TOMORROW),
    ({"daily_loss_limit_percent": 5}, "daily_loss_limit", None),
    ({"drawdown_limit_percent": 5, "daily_loss_ends": "next_trading_day"}, "drawdown_limit", None),
]


def an_account_that_has_lost(**profile):
    """Return an account that began its day, and its life, with a tenth more than it has."""
    account = OneAccount(**profile)
    more = Decimal(1_100_000)
    marks = EquityMarks(TODAY, equity=more, day_start=more, start=more, peak=more)
    asyncio.run(account.ledger.observe(account.state, marks, now=OPENS))
    return account


@pytest.mark.parametrize(("profile", "reason", "resumes_on"), LIMITS)
def test_a25_a_loss_that_a_signal_meets_halts_until_its_day_or_an_operator(profile, reason, resumes_on):
    account, signal, other = an_account_that_has_lost(**profile), a_signal(), a_signal(symbol="MSFT")
    for each in (signal, other):
        account.put(each)

    async def both():
        flow = Flow(account.executor())
        await flow.handle(signal, 1)
        await flow.handle(other, 1)

    asyncio.run(both())

    assert account.execution(signal).reason == reason
    assert account.execution(other).reason == "halted"
    state = account.state
    assert (state.trading_state, state.resumes_on) == (TradingState.HALTED, resumes_on)
    assert state.state_reason.startswith(f"{reason}: {{'loss': '100000.00', 'limit': '55000.00'")


@pytest.mark.parametrize(("profile", "reason", "resumes_on"), LIMITS)
def test_a25_a_loss_that_a_run_sees_halts_until_its_day_or_an_operator(profile, reason, resumes_on):
    account = an_account_that_has_lost(**profile)

    account.reconcile()

    state = account.state
    assert (state.trading_state, state.resumes_on) == (TradingState.HALTED, resumes_on)
    name = reason.removesuffix("_limit")
    assert state.state_reason == f"{name}: 100000.00 USD of 55000.00 lost, equity 1000000.00"


def test_a_denial_that_is_no_loss_halts_nothing():
    account, signal = OneAccount(shorts=False), a_signal(side="sell")

    account.deliver(signal)

    assert account.execution(signal).reason == "not_shortable"
    assert account.state.trading_state is TradingState.ACTIVE


def test_a_flips_entry_is_not_locked_by_the_end_of_the_trade_that_it_has_closed():
    account = OneAccount(flip=True, protections={"cooldown": {"minutes": 30}})
    held = account.hold()

    flipped = account.execute(against(held))

    assert flipped.state is ExecutionState.SUBMITTED


def test_a_flips_entry_is_locked_by_the_end_of_any_other_trade():
    guard = {"stops": 1, "within_minutes": 60, "lock_minutes": 60}
    account = OneAccount(flip=True, protections={"stop_loss_guard": guard})
    other, held = account.hold(symbol="MSFT"), account.hold()
    account.set_price(90, "MSFT")
    account.reconcile()
    assert account.execution(other).state is ExecutionState.CLOSED

    flipped = account.execute(against(held))

    assert (flipped.state, flipped.reason) == ("DENIED", "stop_loss_guard")


def test_a_flip_waits_while_the_brokers_positions_still_show_what_its_exit_has_sold():
    account = OneAccount(flip=True)
    held = account.hold()
    opposite = against(held)
    account.books.behaviour = Behaviour(positions_lag=timedelta(seconds=10))
    account.pass_time(20)
    later = account.deliver(opposite)
    account.pass_time(later.delay.total_seconds())

    waits = account.deliver(opposite, 2)
    waiting = account.execution(opposite)
    account.pass_time(10)
    last = account.deliver(opposite, 3)

    assert (waits.obstacle, waiting.state, waiting.obstacle) == ("awaiting_exit", "CLAIMED", "awaiting_exit")
    assert account.execution(held).state is ExecutionState.CLOSED
    assert (last, account.execution(opposite).state) == (None, ExecutionState.SUBMITTED)


def test_a_symbol_that_is_held_without_argo_is_denied():
    account, signal = OneAccount(), a_signal()
    account.trade_by_hand("buy", 1)

    account.deliver(signal)

    found = account.execution(signal)
    assert (found.state, found.reason, found.detail["held_by"]) == (
        "DENIED",
        "already_positioned",
        "no order of Argo's",
    )
