import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import Holding
from argo.domain.faults import Ambiguous
from argo.domain.ledger import Intent
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from execution.account import BrokerFacts
from tests.unit.builders import (
    AN_ASSET,
    NOW,
    a_broker_account,
    a_broker_order,
    a_market_clock,
    a_position,
    a_profile,
    a_signal,
    an_account_state,
    an_execution,
)
from tests.unit.execution.doors import BrokerDoor, Doors

DRIFT = a_profile(price_drift_percent=1)
READING = ["ledger argo", "positions", "orders", "account", "clock"]
MSFT_SIGNAL = a_signal(symbol=Symbol("MSFT"))


def an_intent(notional=1000, risk=50) -> Intent:
    return Intent("argo-argo-1-entry", {}, Decimal(notional), Decimal(risk))


def run(coroutine):
    return asyncio.run(coroutine)


def test_b12_the_ledger_is_read_before_the_broker_and_what_is_held_before_the_balances():
    doors = Doors()
    doors.orders, doors.held = (a_broker_order(),), (a_position(),)

    view = run(doors.reader().view())

    assert doors.asked[0] == "ledger argo"
    assert sorted(doors.asked[1:3]) == ["orders", "positions"]
    assert sorted(doors.asked[3:]) == ["account", "clock"]
    assert (view.state, view.broker, view.clock) == (doors.state, a_broker_account(), a_market_clock())
    assert (view.orders, view.positions, view.read_at) == (doors.orders, doors.held, NOW)


def test_the_ledgers_answer_alone_costs_no_question_to_the_broker():
    doors = Doors()

    assert run(doors.reader().state()) == doors.state
    assert doors.asked == ["ledger argo"]


def test_only_exits_that_a_protection_looks_back_to_are_read():
    doors = Doors()
    profile = a_profile(protections={"cooldown": {"minutes": 30}})

    run(doors.reader(profile).state())

    assert doors.exits_since == NOW - timedelta(minutes=30)


def test_a_batch_reads_the_account_once():
    doors = Doors()
    reader = doors.reader()

    async def twice():
        return await asyncio.gather(reader.view(), reader.state(), reader.view())

    first, _, second = run(twice())

    assert first == second
    assert doors.asked == READING


def test_b12_a_reservation_is_seen_by_the_batchs_next_record():
    reader = Doors(reserved_notional=Decimal(100), reserved_risk=Decimal(5)).reader()

    async def reserve():
        seen = await reader.view()
        reader.reserved(an_execution(side=Side.SELL), an_intent(), on=seen.state)
        return await reader.view()

    view = run(reserve())

    assert (view.state.reserved_notional, view.state.reserved_risk, view.state.version) == (1100, 55, 5)
    assert view.state.holdings == {
        "AAPL": Holding(a_signal().signal_id, Side.SELL, Decimal(1000), Decimal(50), NOW)
    }
    assert view.held == {"AAPL"}
    assert view.unreserved_buying_power(Symbol("MSFT")) == 99_000


def test_the_batchs_own_reservations_count_into_its_minute():
    doors = Doors(rate_minute=NOW.replace(second=0), rate_orders=3)
    reader = doors.reader()

    async def reserve_twice():
        reader.reserved(an_execution(), an_intent(), on=await reader.state())
        within = (await reader.state()).orders_in_minute(NOW)
        doors.clock.set(NOW + timedelta(minutes=1))
        reader.reserved(an_execution(), an_intent(), on=await reader.state())
        return within, (await reader.state()).orders_in_minute(doors.clock.now())

    assert run(reserve_twice()) == (4, 1)


def test_a_view_that_somebody_changed_is_read_again_in_full():
    doors = Doors()
    reader = doors.reader()

    async def change():
        seen = await reader.view()
        doors.state = an_account_state(version=9)
        reader.changed()
        reader.reserved(an_execution(), an_intent(), on=seen.state)
        return await reader.view()

    view = run(change())

    assert view.state == an_account_state(version=9)
    again = [question for question in READING if question != "clock"]
    assert sorted(doors.asked) == sorted([*READING, *again])


def test_a19_an_account_the_broker_does_not_tell_is_no_account():
    for question in ("account", "clock", "positions", "orders"):
        doors = Doors()
        doors.faults[question] = Ambiguous("timeout")

        with pytest.raises(Ambiguous):
            run(doors.reader().view())


@pytest.mark.parametrize(
    ("question", "signal"),
    [("account", None), ("prices", a_signal()), ("asset", a_signal(side=Side.SELL))],
)
def test_a19_a_fault_stands_for_the_batch_that_met_it_and_no_longer(question, signal):
    doors = Doors()
    doors.faults[question] = Ambiguous("timeout")
    reader = doors.reader(DRIFT)

    async def try_twice():
        for _ in range(2):
            with pytest.raises(Ambiguous):
                await reader.view(signal)
            doors.faults = {}
        asked = len(doors.asked)
        await doors.reader(DRIFT).view(signal)
        return asked

    asked = run(try_twice())

    assert len([each for each in doors.asked[:asked] if each.startswith(question)]) == 1


def test_prices_of_all_expected_symbols_come_with_one_request():
    doors = Doors()
    reader = doors.reader(DRIFT)

    async def decide():
        for symbol in ("AAPL", "MSFT", "NONE"):
            reader.expect(Symbol(symbol))
        await reader.view(a_signal())
        return await reader.view(MSFT_SIGNAL)

    view = run(decide())

    assert [each for each in doors.asked if each.startswith("prices")] == ["prices AAPL MSFT NONE"]
    assert view.prices == {"AAPL": 101, "MSFT": 51}


def test_a_symbol_that_nobody_expected_is_asked_for_by_itself():
    doors = Doors()
    reader = doors.reader(DRIFT)

    async def decide():
        await reader.view(a_signal())
        await reader.view(MSFT_SIGNAL)
        return await reader.view(a_signal())

    view = run(decide())

    assert [each for each in doors.asked if each.startswith("prices")] == ["prices AAPL", "prices MSFT"]
    assert view.prices == {"AAPL": 101, "MSFT": 51}


def test_a_profile_without_a_drift_bound_asks_for_no_price():
    doors = Doors()

    view = run(doors.reader().view(a_signal()))

    assert view.prices == {}
    assert doors.asked == READING


@pytest.mark.parametrize(
    ("profile", "signal", "asked"),
    [
        (a_profile(), a_signal(side=Side.SELL), True),
        (a_profile(fractional=True), a_signal(), True),
        (a_profile(), a_signal(), False),
        (a_profile(fractional=True), a_signal(symbol=Symbol("BTC/USD")), False),
    ],
    ids=["a short sale", "a fraction", "whole shares", "a coin"],
)
def test_the_broker_is_asked_about_an_asset_where_its_answer_decides(profile, signal, asked):
    doors = Doors()

    view = run(doors.reader(profile).view(signal))

    assert view.assets == ({"AAPL": AN_ASSET} if asked else {})
    assert ("asset AAPL" in doors.asked) == asked


def test_what_the_broker_says_of_an_asset_is_kept_for_an_hour_over_batches():
    doors = Doors()
    facts = BrokerFacts(BrokerDoor(doors), doors.clock)

    asked = []
    for age in (timedelta(), timedelta(hours=1), timedelta(hours=1, microseconds=1)):
        doors.clock.set(NOW + age)
        run(facts.asset(Symbol("AAPL")))
        run(facts.asset(Symbol("NONE")))
        asked.append(len(doors.asked))

    assert doors.asked == ["asset AAPL", "asset NONE"] * 2
    assert asked == [2, 2, 4]


def test_the_exchange_is_asked_again_when_its_session_changes_and_not_before():
    doors = Doors()
    facts = BrokerFacts(BrokerDoor(doors), doors.clock)
    closes = int((a_market_clock().next_close - NOW).total_seconds()) // 60

    asked = []
    for minutes in (0, 5, 6, closes - 2, closes):
        doors.clock.set(NOW + timedelta(minutes=minutes))
        run(facts.hours())
        asked.append(doors.asked.count("clock"))

    assert asked == [1, 1, 2, 3, 4]


def test_an_exchange_that_is_closed_is_asked_again_when_it_opens():
    doors = Doors()
    facts = BrokerFacts(BrokerDoor(doors), doors.clock)
    doors.hours = a_market_clock(is_open=False, next_open=NOW + timedelta(minutes=1))

    asked = []
    for seconds in (0, 59, 60):
        doors.clock.set(NOW + timedelta(seconds=seconds))
        run(facts.hours())
        asked.append(doors.asked.count("clock"))

    assert asked == [1, 1, 2]
