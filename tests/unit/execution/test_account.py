import asyncio
from decimal import Decimal

import pytest
from hypothesis import given

from argo.domain.faults import Ambiguous
from execution.account import AccountDesk
from tests.unit.builders import a_broker_account, a_market_clock, an_account_state, an_account_view
from tests.unit.strategies import amounts


class Doors:
    """The three questions a desk asks, as ledger and broker in one; remembers their order."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked = []
        self.fault = fault
        self.state = an_account_state(version=4, reserved_notional=Decimal(100), reserved_risk=Decimal(5))

    @property
    def ledger(self):
        return self

    @property
    def broker(self):
        return _Broker(self)

    async def account(self, executor):
        self.asked.append(("ledger", executor))
        return self.state


class _Broker:
    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def account(self):
        self.doors.asked.append("account")
        if self.doors.fault:
            raise self.doors.fault
        return a_broker_account()

    async def clock(self):
        self.doors.asked.append("clock")
        return a_market_clock()


def a_desk(doors: Doors) -> AccountDesk:
    return AccountDesk(doors.ledger, doors.broker, "argo")


@given(amounts, amounts)
def test_b12_unreserved_buying_power_is_never_more_than_what_is_left(power, reserved):
    view = an_account_view(broker={"buying_power": power}, state={"reserved_notional": reserved})

    left = view.unreserved_buying_power

    assert left == (power - reserved if power > reserved else 0)


def test_b12_the_ledger_is_read_before_the_broker():
    doors = Doors()

    view = asyncio.run(a_desk(doors).view())

    assert doors.asked[0] == ("ledger", "argo")
    assert sorted(doors.asked[1:]) == ["account", "clock"]
    assert (view.state, view.broker, view.clock) == (doors.state, a_broker_account(), a_market_clock())


def test_a_batch_reads_the_account_once():
    doors = Doors()
    desk = a_desk(doors)

    async def twice():
        return await desk.view(), await desk.view()

    first, second = asyncio.run(twice())

    assert first is second
    assert len(doors.asked) == 3


def test_b12_a_reservation_is_seen_by_the_batchs_next_record():
    desk = a_desk(Doors())

    async def reserve():
        await desk.view()
        desk.reserved(Decimal(1000), Decimal(50))
        return await desk.view()

    view = asyncio.run(reserve())

    assert (view.state.reserved_notional, view.state.reserved_risk, view.state.version) == (1100, 55, 5)
    assert view.unreserved_buying_power == 98_900


def test_a_view_that_somebody_changed_is_read_again():
    doors = Doors()
    desk = a_desk(doors)

    async def change():
        await desk.view()
        doors.state = an_account_state(version=9)
        desk.changed()
        desk.reserved(Decimal(1000), Decimal(50))
        return await desk.view()

    view = asyncio.run(change())

    assert view.state == an_account_state(version=9)
    assert len(doors.asked) == 6


def test_a19_an_account_the_broker_does_not_tell_is_no_account():
    desk = a_desk(Doors(fault=Ambiguous("timeout")))

    with pytest.raises(Ambiguous):
        asyncio.run(desk.view())


def test_a19_a_fault_stands_for_the_batch_that_met_it_and_no_longer():
    doors = Doors(fault=Ambiguous("timeout"))
    desk = a_desk(doors)

    async def try_twice():
        with pytest.raises(Ambiguous):
            await desk.view()
        doors.fault = None
        with pytest.raises(Ambiguous):
            await desk.view()
        return await a_desk(doors).view()

    view = asyncio.run(try_twice())

    assert view.broker == a_broker_account()
