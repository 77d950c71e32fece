from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from simulation.broker import Behaviour, BrokerError


def statuses(order):
    return [order.status, *(leg.status for leg in order.legs)]


def test_in_a_fast_market_both_exits_fill_and_leave_the_opposite_position(trader):
    trader.behave(rival_cancel_takes=2)
    entry = trader.bracket(10, target=110, stop=95)

    trader.price(94)
    between = statuses(entry)
    trader.price(111)

    assert between == ["filled", "pending_cancel", "filled"]
    assert statuses(entry) == ["filled", "filled", "filled"]
    assert trader.held() == -10
    assert trader.account.cash == 100_000 - 1000 + 940 + 1110


def test_the_second_exit_is_cancelled_when_its_cancellation_arrives_first(trader):
    trader.behave(rival_cancel_takes=2)
    entry = trader.bracket(10, target=110, stop=95)

    trader.price(94)
    trader.wait(2)
    trader.price(111)

    assert statuses(entry) == ["filled", "canceled", "filled"]
    assert trader.held() == 0


def test_an_arrived_cancellation_counts_within_a_bar_too(trader):
    trader.behave(rival_cancel_takes=2)
    entry = trader.bracket(10, target=110, stop=95)

    trader.bar(100, 112, 94, 111)

    assert statuses(entry) == ["filled", "canceled", "filled"]
    assert trader.held() == 0


def test_both_exits_of_an_oco_fill_in_a_fast_market(trader):
    trader.buy(10)
    trader.behave(rival_cancel_takes=2)
    order = trader.oco(10)

    trader.price(111)
    trader.price(94)

    assert statuses(order) == ["filled", "filled"]
    assert trader.held() == -10


def test_a_cancellation_is_pending_before_it_is_done(trader):
    order = trader.buy(10, type="limit", limit_price=90)
    trader.behave(cancel_takes=3)

    trader.cancel(order)
    pending = order.status
    trader.wait(2.9)
    still = order.status
    trader.wait(0.1)

    assert (pending, still, order.status) == ("pending_cancel", "pending_cancel", "canceled")


def test_an_order_may_fill_before_its_cancellation(trader):
    order = trader.buy(10, type="limit", limit_price=90)
    trader.behave(cancel_takes=3)

    trader.cancel(order)
    trader.price(89)
    trader.wait(5)

    assert order.status == "filled"


def test_a_pending_cancellation_is_not_asked_for_twice(trader):
    order = trader.buy(10, type="limit", limit_price=90)
    trader.behave(cancel_takes=3)
    trader.cancel(order)

    with pytest.raises(BrokerError, match='order is already in "pending_cancel" state') as refused:
        trader.cancel(order)

    assert refused.value.status == 422


def test_legs_hold_the_shares_until_their_cancellation_is_done(trader):
    entry = trader.bracket(10)
    trader.behave(cancel_takes=3)
    trader.cancel(entry.legs[0])
    pending = statuses(entry)

    error = trader.refusal("sell", 10)
    trader.wait(3)

    assert pending == ["filled", "pending_cancel", "pending_cancel"]
    assert (error.status, error.body["held_for_orders"]) == (403, "10")
    assert trader.sell(10).status == "filled"


def test_held_legs_end_with_their_entry(trader):
    entry = trader.bracket(10, type="limit", limit_price=90, stop=80)
    trader.behave(cancel_takes=3)

    trader.cancel(entry)
    pending = statuses(entry)
    trader.wait(3)

    assert pending == ["pending_cancel", "held", "held"]
    assert statuses(entry) == ["canceled", "canceled", "canceled"]


def test_an_entry_that_fills_before_its_cancellation_is_protected(trader):
    entry = trader.bracket(10, type="limit", limit_price=90, stop=80)
    trader.behave(cancel_takes=3)

    trader.cancel(entry)
    trader.price(89)
    trader.wait(3)

    assert statuses(entry) == ["filled", "new", "new"]


def test_b08_an_entry_partly_filled_and_then_cancelled_is_pending_in_between(trader):
    trader.broker.fill_limits["argo-1"] = Decimal(6)
    entry = trader.bracket(10, client_order_id="argo-1")
    trader.behave(cancel_takes=3)

    trader.cancel(entry)
    pending = statuses(entry)
    trader.wait(3)

    assert pending == ["pending_cancel", "held", "held"]
    assert statuses(entry) == ["canceled", "canceled", "canceled"]
    assert (entry.filled_quantity, trader.held()) == (6, 6)


def test_an_accepted_order_is_rejected_late_and_gives_its_buying_power_back(trader):
    trader.behave(rejected_after={"argo-1": 5})
    order = trader.bracket(10, client_order_id="argo-1")
    accepted, reserved = statuses(order), trader.buying_power

    trader.price(100)
    trader.wait(5)

    assert order.submitted_as == "accepted"
    assert (accepted, reserved) == (["accepted", "held", "held"], 199_000)
    assert statuses(order) == ["rejected", "canceled", "canceled"]
    assert (trader.held(), trader.buying_power) == (0, 200_000)


def test_both_exits_of_an_oco_are_rejected_late(trader):
    trader.buy(10)
    trader.behave(rejected_after={"argo-2": 5})
    order = trader.oco(10, client_order_id="argo-2")
    accepted = statuses(order)

    trader.wait(5)

    assert accepted == ["accepted", "accepted"]
    assert statuses(order) == ["rejected", "rejected"]
    assert trader.sell(10).status == "filled"


def test_only_the_named_order_is_rejected(trader):
    trader.behave(rejected_after={"argo-1": 0})

    assert trader.buy(10, client_order_id="argo-2").status == "filled"


def test_a_live_stop_beside_a_target_can_be_shown_as_held_and_works(trader):
    trader.behave(stop_legs_stay_held=True)
    entry = trader.bracket(10, target=110, stop=95)
    live = statuses(entry)

    trader.price(94)

    assert live == ["filled", "new", "held"]
    assert statuses(entry) == ["filled", "canceled", "filled"]


def test_a_stop_shown_as_held_is_replaced_like_a_live_one(trader):
    trader.behave(stop_legs_stay_held=True)
    entry = trader.bracket(10, target=110, stop=95)

    new = trader.replace(entry.legs[1], stop_price=97)
    shown = new.status
    with pytest.raises(BrokerError, match="stop price must be less than current price"):
        trader.replace(new, stop_price=101)
    trader.price(96)

    assert (shown, new.status) == ("held", "filled")
    assert trader.held() == 0


def test_the_stop_of_an_oco_is_shown_as_held_and_that_of_an_oto_is_not(trader):
    trader.behave(stop_legs_stay_held=True)
    oto = trader.buy(10, order_class="oto", time_in_force="gtc", stop_loss={"stop_price": 95})
    trader.cancel(oto.legs[0])
    oco = trader.oco(10)

    assert [leg.submitted_as for leg in oto.legs] == ["held"]
    assert [state.status for state in oto.legs[0].past] == ["held", "new"]
    assert statuses(oco) == ["new", "held"]


@pytest.mark.parametrize("wrong", [{"cancel_takes": -1}, {"cancels": 1}, {"rejected_after": {"argo-1": -1}}])
def test_a_behaviour_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Behaviour.model_validate(wrong)


def test_the_plain_behaviour_is_none():
    assert Behaviour().model_dump(exclude_defaults=True) == {}
    assert Behaviour(cancel_takes=3).cancel_takes == timedelta(seconds=3)


def test_a_cancellation_under_way_is_not_put_off_by_the_other_exit(trader):
    entry = trader.bracket(10, target=110)
    trader.behave(cancel_takes=1, rival_cancel_takes=10)

    trader.cancel(entry.legs[0])
    trader.price(111)
    trader.wait(1)

    assert statuses(entry) == ["filled", "filled", "canceled"]


def test_a_part_filled_while_the_cancellation_is_pending_leaves_it_pending(trader):
    order = trader.buy(10, type="limit", limit_price=90, client_order_id="thin")
    trader.broker.fill_limits["thin"] = Decimal(4)
    trader.behave(cancel_takes=3)
    trader.cancel(order)

    trader.price(90)
    pending = order.status
    trader.wait(3)

    assert (pending, order.status, order.filled_quantity) == ("pending_cancel", "canceled", 4)


def test_an_immediate_order_too_is_rejected_late(trader):
    trader.behave(rejected_after={"argo-1": 5})

    order = trader.buy(10, time_in_force="ioc", client_order_id="argo-1")

    assert order.status == "accepted"
