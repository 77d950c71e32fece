from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.execution import ExecutionState
from argo.domain.orders import OrderStatus
from argo.domain.settlement import Orders, profit
from argo.domain.settlement import settle as settled
from argo.domain.signal import Side
from tests.unit.domain.settlements import SOON, a_correction, a_fill, a_guard, a_leg, an_entry, an_exit, submitted
from tests.unit.strategies import decimals

fills = st.lists(
    st.tuples(decimals("0.01", "1000"), decimals("0.01", "1000"), st.sampled_from(["take_profit", "stop_loss"])),
    min_size=1,
    max_size=4,
)


@given(fills, decimals("0.01", "1000"))
def test_what_a_long_position_earns_a_short_one_loses(exits, price):
    left = sum((quantity for quantity, _, _ in exits), Decimal(0))
    held = (a_fill(left, price), *(a_fill(*each) for each in exits))

    found = profit(held, Side.BUY)

    assert found == -profit(held, Side.SELL)
    assert found == sum(((exit_price - price) * quantity for quantity, exit_price, _ in exits), Decimal(0))


def test_what_is_held_is_the_entrys_fill_less_what_every_kind_of_order_has_taken_back():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(2), a_leg(1, stop=True)))
    orders = Orders(
        entry,
        guards=(a_guard("guard-1", OrderStatus.CANCELED, 3),),
        exits=(an_exit(filled=1),),
        others=(an_exit(filled=4).model_copy(update={"order_id": "theirs"}),),
    )

    assert orders.held == 1
    assert [leg for leg, _ in orders.closing] == ["take_profit", "stop_loss", "stop_loss", "exit", "exit"]


def test_two_exits_that_both_filled_are_held_negatively_until_the_correction_fills():
    entry = an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(12), a_leg(12, "95.00", stop=True)))
    corrections = [(), (a_correction(5, OrderStatus.PARTIALLY_FILLED),), (a_correction(),)]

    assert [Orders(entry, exits=each).held for each in corrections] == [-12, -7, 0]


@pytest.mark.parametrize(("side", "earned"), [(Side.BUY, "-106.80"), (Side.SELL, "106.80")])
def test_both_exits_filled_and_corrected_close_with_the_profit_of_all_four(side, earned):
    turn = {"side": str(side.opposite)}
    legs = (
        a_leg(12, "109.80").model_copy(update=turn),
        a_leg(12, "95.00", stop=True).model_copy(update={**turn, "order_id": "stop-1"}),
    )
    entry = an_entry(OrderStatus.FILLED, filled=12, price="100.00", legs=legs).model_copy(
        update={"side": str(side)}
    )
    correction = a_correction(price="113.70").model_copy(update={"side": str(side)})

    open_still = settled(submitted(side=side), Orders(entry), SOON)
    move = settled(submitted(side=side), Orders(entry, exits=(correction,)), SOON)

    assert open_still is not None
    assert open_still.state is ExecutionState.FILLED
    assert move is not None
    assert move.state is ExecutionState.CLOSED
    assert [fill.leg for fill in move.settlement.fills or ()] == [
        "entry",
        "take_profit",
        "stop_loss",
        "correction",
    ]
    assert move.settlement.realised_profit == Decimal(earned)


cents = decimals("50", "150")


@given(st.sampled_from(Side), st.integers(1, 12), st.tuples(cents, cents, cents, cents))
def test_profit_is_what_the_cash_has_changed_by_whatever_filled(side, sold, prices):
    entered, targeted, stopped, corrected = prices
    turn, back = {"side": str(side.opposite)}, {"side": str(side)}
    legs = (
        a_leg(12, str(targeted)).model_copy(update=turn),
        a_leg(sold, str(stopped), stop=True).model_copy(update=turn | {"quantity": Decimal(sold)}),
    )
    entry = an_entry(OrderStatus.FILLED, filled=12, price=str(entered), legs=legs).model_copy(update=back)
    correction = a_correction(sold, price=str(corrected)).model_copy(update=back)

    move = settled(submitted(side=side), Orders(entry, exits=(correction,)), SOON)

    sign = 1 if side is Side.BUY else -1
    cash = sign * (12 * targeted + sold * stopped - 12 * entered - sold * corrected)
    assert move is not None
    assert move.settlement.realised_profit == cash
