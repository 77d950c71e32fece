from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradeExit
from argo.domain.execution import ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import OrderStatus
from argo.domain.placements import Cover, Protection
from argo.domain.settlement import Orders
from argo.domain.settlement import settle as settled
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.unit.builders import NOW
from tests.unit.domain.settlements import (
    FILLED_AT,
    SOON,
    a_fill,
    a_guard,
    a_leg,
    an_entry,
    an_exit,
    as_recorded,
    settle,
    submitted,
)


@pytest.mark.parametrize(
    ("side", "stop", "price", "earned"),
    [
        (Side.BUY, False, "109.80", "115.20"),
        (Side.BUY, True, "94.95", "-63.00"),
        (Side.SELL, False, "90.20", "120.00"),
        (Side.SELL, True, "105.20", "-60.00"),
    ],
)
def test_a_filled_exit_closes_the_position_with_its_profit(side, stop, price, earned):
    legs = (a_leg(12, price, stop=stop), a_leg(stop=not stop, status=OrderStatus.CANCELED))
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=legs)

    move = settle(submitted(side=side, state=ExecutionState.FILLED), entry, SOON)

    exit_leg = "stop_loss" if stop else "take_profit"
    assert move is not None
    assert move.state is ExecutionState.CLOSED
    assert move.settlement == Settlement(
        fills=(a_fill(12, "100.20"), a_fill(12, price, exit_leg)),
        legs=as_recorded(*legs),
        realised_profit=Decimal(earned),
        trade_exit=TradeExit(submitted().signal_id, "AAPL", exit_leg, Decimal(earned), FILLED_AT),
        release=Release.RESERVATION_AND_SYMBOL,
    )


def test_a_position_that_was_left_early_closes_with_the_exits_price():
    legs = tuple(a_leg(stop=stop, status=OrderStatus.CANCELED) for stop in (False, True))
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=legs)

    move = settle(submitted(state=ExecutionState.FILLED), entry, SOON, an_exit())

    assert move is not None
    assert move.state is ExecutionState.CLOSED
    assert move.settlement.fills == (a_fill(12, "100.20"), a_fill(12, "101.20", "exit"))
    assert move.settlement.realised_profit == 12
    assert move.settlement.trade_exit == TradeExit(submitted().signal_id, "AAPL", "exit", Decimal(12), FILLED_AT)


def test_a_position_whose_other_leg_is_still_live_is_not_closed():
    legs = (a_leg(12), a_leg(stop=True))

    move = settle(submitted(), an_entry(OrderStatus.FILLED, filled=12, legs=legs), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement.trade_exit is None


def test_an_exit_that_works_or_is_filled_in_part_closes_nothing():
    entry = an_entry(OrderStatus.FILLED, filled=12)

    moves = [
        settle(submitted(state=ExecutionState.FILLED), entry, SOON, an_exit(status, filled))
        for status, filled in ((OrderStatus.NEW, 0), (OrderStatus.PARTIALLY_FILLED, 5))
    ]

    assert [move and move.state for move in moves] == [ExecutionState.FILLED] * 2
    assert all(move and move.settlement.trade_exit is None for move in moves)


def test_the_last_exit_of_several_names_the_trades_end():
    first, last = a_leg(4, "109.80"), a_leg(8, "95.00", stop=True)
    entry = an_entry(
        OrderStatus.FILLED,
        filled=12,
        legs=(first.model_copy(update={"filled_at": FILLED_AT + timedelta(seconds=1)}), last),
    )

    move = settle(submitted(), entry, SOON)

    assert move is not None
    assert move.settlement.trade_exit is not None
    assert move.settlement.trade_exit.leg == "take_profit"


def test_a24_a_coins_fee_does_not_keep_its_position_open():
    coin = {"symbol": "BTC/USD"}
    entry = an_entry(OrderStatus.FILLED, filled=12).model_copy(update=coin)
    left = an_exit(filled="11.97").model_copy(update=coin)

    move = settle(submitted(state=ExecutionState.FILLED, symbol=Symbol("BTC/USD")), entry, SOON, left)

    assert move is not None
    assert move.state is ExecutionState.CLOSED


@pytest.mark.parametrize(("sold", "state"), [("11.96999999", "CLOSED"), ("11.969999989", "FILLED")])
def test_a24_what_is_left_of_a_coin_is_its_fee_up_to_a_quarter_of_a_percent_and_ten_roundings(sold, state):
    coin = {"symbol": "BTC/USD"}
    entry = an_entry(OrderStatus.FILLED, filled=12).model_copy(update=coin)
    left = an_exit(filled=sold).model_copy(update=coin)

    move = settle(submitted(symbol=Symbol("BTC/USD")), entry, SOON, left)

    assert move is not None
    assert move.state == state


@pytest.mark.parametrize(("bought", "state"), [("0.00000001", "CLOSED"), ("0.00000002", "FILLED")])
def test_a24_a_part_of_a_coin_that_its_fees_may_be_all_of_is_over_without_an_exit(bought, state):
    entry = an_entry(OrderStatus.CANCELED, filled=bought).model_copy(update={"symbol": "BTC/USD"})

    move = settle(submitted(symbol=Symbol("BTC/USD")), entry, SOON)

    assert move is not None
    assert (move.state, move.settlement.trade_exit) == (state, None)


def test_an_exit_filled_in_part_leaves_the_position_open():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(4),))

    move = settle(submitted(), entry, SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement.fills == (a_fill(12, "100.20"), a_fill(4, "109.80", "take_profit"))
    assert move.settlement.realised_profit is None


def test_an_entry_that_may_still_fill_is_not_closed():
    entry = an_entry(OrderStatus.PARTIALLY_FILLED, filled=5, legs=(a_leg(5),))

    move = settle(submitted(), entry, SOON)

    assert move is not None
    assert move.state is ExecutionState.PARTIALLY_FILLED


def test_two_exits_that_share_the_position_close_it():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(4, "109.80"), a_leg(8, "95.00", stop=True)))

    move = settle(submitted(), entry, SOON)

    assert move is not None
    assert move.state is ExecutionState.CLOSED
    assert move.settlement.realised_profit == 4 * Decimal("109.80") + 8 * 95 - 12 * Decimal("100.20")


def test_what_may_still_fill_is_live_the_entry_among_it():
    entry = an_entry(OrderStatus.PARTIALLY_FILLED, filled=5, legs=(a_leg(), a_leg(stop=True)))
    guard = a_guard("guard-1", OrderStatus.CANCELED)
    stopping = a_guard("guard-2", OrderStatus.PENDING_CANCEL)
    orders = Orders(entry, guards=(guard, stopping))

    assert orders.live == [entry, *entry.legs, stopping]
    assert [order.order_id for order in orders.live_stops] == ["stop-1", "guard-2"]


def test_a24_a_coin_whose_guard_sold_a_part_before_the_exit_sold_the_rest_is_closed():
    coin = {"symbol": "BTC/USD"}
    orders = Orders(
        an_entry(OrderStatus.FILLED, filled=12).model_copy(update=coin),
        guards=(a_guard("guard-1", OrderStatus.CANCELED, 5).model_copy(update=coin),),
        exits=(an_exit(filled="6.97").model_copy(update=coin),),
    )

    move = settled(submitted(state=ExecutionState.FILLED, symbol=Symbol("BTC/USD")), orders, SOON)

    assert move is not None
    assert move.state is ExecutionState.CLOSED


def test_a24_a_coin_of_which_the_exit_found_only_a_part_is_still_held():
    coin = {"symbol": "BTC/USD"}
    entry = an_entry(OrderStatus.FILLED, filled=12).model_copy(update=coin)
    rest = an_exit(filled="5.97").model_copy(update=coin)
    by_hand = an_exit(filled="6").model_copy(update=coin | {"order_id": "by hand"})

    execution = submitted(state=ExecutionState.FILLED, symbol=Symbol("BTC/USD"))
    orders = [Orders(entry, exits=(rest,), others=others) for others in ((), (by_hand,))]

    states = [settled(execution, each, SOON).state for each in orders]

    assert states == [ExecutionState.FILLED, ExecutionState.CLOSED]


def test_a24_a_coin_whose_exit_was_cancelled_after_a_part_is_still_held():
    coin = {"symbol": "BTC/USD"}
    orders = Orders(
        an_entry(OrderStatus.FILLED, filled=12).model_copy(update=coin),
        guards=(a_guard("guard-1", OrderStatus.FILLED, 5).model_copy(update=coin),),
        exits=(an_exit(OrderStatus.CANCELED, filled=2).model_copy(update=coin),),
    )

    move = settled(submitted(state=ExecutionState.FILLED, symbol=Symbol("BTC/USD")), orders, SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED


def test_b15_what_a_person_sold_closes_the_position_and_the_record_says_so():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(status=OrderStatus.CANCELED),))
    theirs = an_exit(price="103.20").model_copy(update={"order_id": "exit-1", "client_order_id": "by hand"})

    move = settled(submitted(state=ExecutionState.FILLED), Orders(entry, others=(theirs,)), SOON)

    assert move is not None
    assert move.state is ExecutionState.CLOSED
    assert move.settlement.realised_profit == 36
    assert move.settlement.detail == {"closed_by": "an order that is not Argo's"}


IN_FLIGHT = Protection(cover=Cover.NONE, naked_since=NOW, attempt=1, order_body={"qty": "12"}, sent_at=SOON)


def held(protection):
    return submitted(state=ExecutionState.FILLED, protection=protection)


def test_b10_what_has_filled_is_recorded_while_a_guard_may_still_arrive():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(4), a_leg(stop=True)))

    move = settle(held(IN_FLIGHT), entry, SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement.fills == (a_fill(12, "100.20"), a_fill(4, "109.80", "take_profit"))


@pytest.mark.parametrize(
    ("learnt", "seconds", "closed"),
    [
        ({}, 0, False),
        ({}, 79, False),
        ({}, 80, True),
        ({"order_id": "guard-1"}, 0, True),
        ({"order_body": None, "sent_at": None}, 0, True),
        ({"sent_at": None}, 0, True),
    ],
    ids=["just sent", "on its way", "given up", "accepted", "refused", "never sent"],
)
def test_b10_a_position_is_not_over_while_a_guard_may_still_arrive_without_it(learnt, seconds, closed):
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(12),))

    move = settle(held(IN_FLIGHT.model_copy(update=learnt)), entry, SOON + timedelta(seconds=seconds))

    assert (move is not None and move.state is ExecutionState.CLOSED) is closed
