from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import TradeExit
from argo.domain.execution import ExecutionState, Fill, OrderLeg, check_transition
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import OrderStatus
from argo.domain.settlement import Orders, may_be_cancelled, profit
from argo.domain.settlement import settle as settled
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.unit.builders import NOW, a_broker_order, an_execution
from tests.unit.strategies import decimals

FILLED_AT = NOW + timedelta(seconds=3)
SOON, MUCH_LATER = NOW + timedelta(minutes=1), NOW + timedelta(days=2)
WORKING = [status for status in OrderStatus if not status.is_final and status is not OrderStatus.PARTIALLY_FILLED]
ENDED_EARLY = [OrderStatus.CANCELED, OrderStatus.EXPIRED]


def an_entry(status, filled=0, price="100.20", legs=(), filled_at=FILLED_AT):
    return a_broker_order(
        order_id="entry-1",
        status=status,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=filled_at if filled else None,
        legs=legs,
    )


def a_leg(filled=0, price="109.80", *, stop=False, status=OrderStatus.HELD):
    return a_broker_order(
        order_id="stop-1" if stop else "target-1",
        side="sell",
        status=OrderStatus.FILLED if filled else status,
        stop_price=Decimal(95) if stop else None,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=FILLED_AT if filled else None,
    )


def a_fill(quantity, price, leg="entry"):
    order_id = {"entry": "entry-1", "take_profit": "target-1", "stop_loss": "stop-1", "exit": "exit-1"}[leg]
    return Fill(order_id=order_id, leg=leg, quantity=quantity, price=price, at=FILLED_AT)


def an_exit(status=OrderStatus.FILLED, filled=12, price="101.20", filled_at=FILLED_AT):
    """Build the market order that left the position before its legs did."""
    return a_broker_order(
        order_id="exit-1",
        side="sell",
        status=status,
        order_type="market",
        order_class="simple",
        limit_price=None,
        filled_quantity=Decimal(filled),
        filled_average_price=Decimal(price) if filled else None,
        filled_at=filled_at if filled else None,
    )


def settle(execution, entry, now, *exits):
    """Settle by an entry with its legs, and by the orders that left its position early."""
    return settled(execution, Orders(entry, exits=exits), now)


def as_recorded(*legs):
    return tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in legs)


def submitted(**overrides):
    return an_execution(**{"state": ExecutionState.SUBMITTED, "order_id": "entry-1"} | overrides)


def after(execution, move):
    """Return the execution once the ledger has the move."""
    if move is None:
        return execution
    learnt = {
        "state": move.state,
        "fills": move.settlement.fills or execution.fills,
        "legs": execution.legs if move.settlement.legs is None else move.settlement.legs,
    }
    return execution.model_copy(update=learnt)


@pytest.mark.parametrize("status", WORKING)
def test_an_order_that_works_without_a_fill_moves_nothing(status):
    move = settle(submitted(), an_entry(status), SOON)

    assert move is None


def test_a15_a_status_the_code_does_not_know_moves_nothing():
    move = settle(submitted(), an_entry(OrderStatus("something_new")), SOON)

    assert move is None


def test_a_rejected_order_releases_everything():
    move = settle(submitted(), an_entry(OrderStatus.REJECTED), SOON)

    assert move is not None
    assert move.state is ExecutionState.REJECTED
    assert move.settlement == Settlement(reason="other", release=Release.RESERVATION_AND_SYMBOL)


@pytest.mark.parametrize("status", ENDED_EARLY)
def test_an_order_that_ended_unfilled_is_cancelled_and_says_how(status):
    move = settle(submitted(), an_entry(status), SOON)

    assert move is not None
    assert move.state is ExecutionState.CANCELED
    assert move.settlement == Settlement(detail={"entry": status}, release=Release.RESERVATION_AND_SYMBOL)


@pytest.mark.parametrize("status", ENDED_EARLY)
def test_b08_an_order_that_ended_after_a_part_is_a_position_of_that_part(status):
    move = settle(submitted(), an_entry(status, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.RESERVATION)


def test_a_part_of_a_working_order_keeps_the_reservation():
    move = settle(submitted(), an_entry(OrderStatus.PARTIALLY_FILLED, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.PARTIALLY_FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.NOTHING)


def test_a_filled_entry_keeps_its_symbol():
    move = settle(submitted(), an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(), a_leg(stop=True))), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(
        fills=(a_fill(12, "100.20"),), legs=as_recorded(a_leg(), a_leg(stop=True)), release=Release.RESERVATION
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


def test_an_entry_that_somebody_replaced_is_followed():
    replaced = an_entry(OrderStatus.REPLACED).model_copy(update={"replaced_by": "entry-2"})

    move = settle(submitted(), replaced, SOON)

    assert move is not None
    assert (move.state, move.settlement.order_id) == (ExecutionState.SUBMITTED, "entry-2")
    assert move.settlement.release is Release.NOTHING


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


@pytest.mark.parametrize(
    ("state", "status", "filled"),
    [
        (ExecutionState.PARTIALLY_FILLED, OrderStatus.PARTIALLY_FILLED, 5),
        (ExecutionState.FILLED, OrderStatus.FILLED, 12),
        (ExecutionState.FILLED, OrderStatus.CANCELED, 5),
    ],
)
def test_what_the_ledger_has_already_moves_nothing(state, status, filled):
    execution = submitted(state=state, fills=(a_fill(filled, "100.20"),))

    move = settle(execution, an_entry(status, filled=filled), MUCH_LATER)

    assert move is None


@pytest.mark.parametrize("status", [OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELED])
def test_a_fill_without_a_time_is_learnt_once(status):
    entry = an_entry(status, filled=5, filled_at=None)
    execution = after(submitted(), settle(submitted(), entry, SOON))

    move = settle(execution, entry, SOON + timedelta(minutes=1))

    assert move is None


def test_more_of_a_fill_is_learnt_without_a_change_of_state():
    execution = submitted(state=ExecutionState.PARTIALLY_FILLED, fills=(a_fill(5, "100.20"),))

    move = settle(execution, an_entry(OrderStatus.PARTIALLY_FILLED, filled=9, price="100.22"), SOON)

    assert move is not None
    assert move.state is ExecutionState.PARTIALLY_FILLED
    assert move.settlement.fills == (a_fill(9, "100.22"),)


@st.composite
def lives(draw):
    """Draw what a broker shows of one bracket, look by look: an entry that fills, ends, and is exited."""
    steps = sorted(draw(st.lists(st.integers(0, 12), max_size=4)))
    working = [an_entry(OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW, filled) for filled in steps]
    final = draw(st.sampled_from([OrderStatus.FILLED, *ENDED_EARLY]))
    entered = 12 if final is OrderStatus.FILLED else max(steps, default=0)
    exits = sorted(draw(st.lists(st.integers(0, entered), max_size=3)))
    stop = draw(st.booleans())

    def sibling(left):
        return a_leg(stop=not stop, status=OrderStatus.CANCELED if left == entered else OrderStatus.HELD)

    ended = [an_entry(final, entered, legs=(a_leg(left, stop=stop), sibling(left))) for left in [0, *exits]]
    looks = [*working, *ended] if entered < 12 or final is OrderStatus.FILLED else working
    missed = draw(st.integers(0, len(looks)))
    return looks[missed:]


@given(lives())
def test_an_execution_only_moves_forward_and_its_fills_only_grow(looks):
    execution = submitted()

    for look in looks:
        if execution.state.is_terminal:
            break
        move = settle(execution, look, SOON)
        known = {fill.order_id: fill.quantity for fill in execution.fills}
        if move is not None and move.state is not execution.state:
            check_transition(execution.state, move.state)
        execution = after(execution, move)
        learnt = {fill.order_id: fill.quantity for fill in execution.fills}
        assert all(learnt.get(order_id, 0) >= quantity for order_id, quantity in known.items())
        assert settle(execution, look, SOON) is None or execution.state.is_terminal


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


@pytest.mark.parametrize(
    ("at", "status", "filled", "allowed"),
    [
        ("before", OrderStatus.NEW, 0, False),
        ("expiry", OrderStatus.NEW, 0, True),
        ("after", OrderStatus.ACCEPTED, 0, True),
        ("after", OrderStatus.UNRECOGNISED, 0, True),
        ("after", OrderStatus.PARTIALLY_FILLED, 5, True),
        ("after", OrderStatus.FILLED, 12, False),
        ("after", OrderStatus.CANCELED, 0, False),
        ("after", OrderStatus.REJECTED, 0, False),
    ],
)
def test_b07_an_entry_that_outlived_its_signal_is_cancelled(at, status, filled, allowed):
    execution = submitted()
    second = timedelta(seconds=1)
    now = execution.expires_at + {"before": -second, "expiry": timedelta(), "after": second}[at]

    found = may_be_cancelled(execution, an_entry(status, filled), now)

    assert found is allowed


def a_guard(order_id, status, filled=0, price="95.00"):
    """Build a stop that the reconciler placed."""
    return a_leg(filled, price, stop=True).model_copy(
        update={"order_id": order_id, "status": status, "quantity": Decimal(12)}
    )


def a_correction(filled=12, status=OrderStatus.FILLED, price="104.10"):
    """Build the order that buys back what two exits have sold too much."""
    return an_exit(status, filled, price).model_copy(update={"order_id": "correction-1", "side": "buy"})


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


def test_what_may_still_fill_is_live_the_entry_among_it():
    entry = an_entry(OrderStatus.PARTIALLY_FILLED, filled=5, legs=(a_leg(), a_leg(stop=True)))
    guard = a_guard("guard-1", OrderStatus.CANCELED)
    stopping = a_guard("guard-2", OrderStatus.PENDING_CANCEL)
    orders = Orders(entry, guards=(guard, stopping))

    assert orders.live == [entry, *entry.legs, stopping]
    assert [order.order_id for order in orders.live_stops] == ["stop-1", "guard-2"]


def test_b08_an_order_rejected_after_a_part_is_a_position_of_that_part():
    move = settle(submitted(), an_entry(OrderStatus.REJECTED, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.RESERVATION)


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
