"""From a claim to an intent: what halts an account on the way, and what a flip's entry does not wait for."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.faults import Unauthorised
from argo.domain.ledger import SymbolLocked
from argo.domain.limits import EquityMarks
from argo.domain.lists import Unreadable
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


def test_only_a_halt_is_waited_for_by_who_has_met_refused_credentials():
    account, signal = OneAccount(), a_signal()
    account.faults["positions"] = [Unauthorised("forbidden.", status=401)]
    account.deliver(signal)
    account.set_trading_state(TradingState.ACTIVE)
    account.trade_by_hand("buy", 1)
    account.pass_time(20)

    assert account.deliver(signal, 2) is None

    assert (account.execution(signal).state, account.execution(signal).reason) == ("DENIED", "already_positioned")


@pytest.mark.parametrize(
    ("profile", "price", "reason"),
    [
        ({"base_size_percent": 1}, 200_000, "size_below_minimum"),
        ({"exposure_limit_percent": 5}, 100, "exposure_limit"),
    ],
)
def test_a_size_that_is_none_or_too_much_is_denied_with_its_numbers(profile, price, reason):
    account = OneAccount(**profile)
    signal = a_signal(entry_price=price, stop_price=price * Decimal("0.95"), target_price=price * Decimal("1.1"))

    account.deliver(signal)

    found = account.execution(signal)
    assert (found.state, found.reason, account.orders("entry")) == ("DENIED", reason, [])
    assert found.detail


def test_an_account_with_a_record_that_cannot_be_read_takes_no_new_risk():
    account, signal = OneAccount(), a_signal()
    newer = Unreadable("ACCOUNT#argo HOLDING#AAPL", "of a later version")
    whole = account.ledger.account

    async def account_in_part(*asked, **named):
        return (await whole(*asked, **named)).model_copy(update={"unreadable": (newer, newer)})

    account.ledger.account = account_in_part

    later = account.deliver(signal)

    found = account.execution(signal)
    assert (later.obstacle, found.obstacle, found.state) == ("record_unreadable", "record_unreadable", "CLAIMED")
    assert found.detail[newer.name] == newer.why
    assert account.telemetry.counts["UnreadableRecords"] == 2


def test_a_symbol_that_another_takes_after_the_decision_is_denied_with_its_holder():
    account, signal = OneAccount(), a_signal()
    account.faults["intend"] = [SymbolLocked("0123456789abcdef01234567")]

    account.deliver(signal)

    found = account.execution(signal)
    assert (found.state, found.reason) == ("DENIED", "already_positioned")
    assert found.detail.items() >= {"symbol": "AAPL", "held_by": "0123456789abcdef01234567"}.items()
