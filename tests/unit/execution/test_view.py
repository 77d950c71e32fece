from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from argo.domain.account import VIEWS_LAG
from argo.domain.orders import OrderStatus
from argo.domain.symbols import Symbol
from tests.unit.builders import NOW, a_broker_order, a_holding, a_position, an_account_view
from tests.unit.strategies import account_views, few_symbols

AAPL, MSFT, BTC = Symbol("AAPL"), Symbol("MSFT"), Symbol("BTC/USD")
MICROSECOND = timedelta(microseconds=1)


def a_lock(notional=1000, **fields):
    return a_holding(notional=Decimal(notional), **fields)


def a_view(locks=(), reserved=None, power=100_000, **seen):
    held = dict(locks)
    total = sum((lock.notional for lock in held.values()), Decimal(0)) if reserved is None else Decimal(reserved)
    return an_account_view(
        state={"holdings": held, "reserved_notional": total}, broker={"buying_power": Decimal(power)}, **seen
    )


def an_order(symbol="MSFT", side="buy", signal_id="0123456789abcdef01234567", **fields):
    return a_broker_order(symbol=symbol, side=side, client_order_id=f"argo-argo-{signal_id}-entry", **fields)


def test_an_empty_account_holds_nothing_and_is_exposed_to_nothing():
    view = an_account_view()

    assert (view.held, view.exposure) == (frozenset(), 0)


def test_a24_what_is_held_is_one_symbol_however_the_broker_writes_it():
    view = a_view(
        {BTC: a_lock()}, positions=(a_position(symbol="BTCUSD"),), orders=(an_order("BTCUSD"), an_order("BTC/USD"))
    )

    assert view.held == {"BTC/USD"}


def test_locks_positions_and_opening_orders_are_held():
    view = a_view({AAPL: a_lock()}, positions=(a_position(symbol="MSFT"),), orders=(an_order("JPM"),))

    assert view.held == {"AAPL", "MSFT", "JPM"}


@pytest.mark.parametrize(("quantity", "side"), [(10, "sell"), ("0.5", "sell"), (-10, "buy"), ("-0.5", "buy")])
def test_an_order_against_a_position_binds_nothing(quantity, side):
    quantity = Decimal(quantity)
    position = a_position(quantity=quantity, market_value=Decimal(-900 if quantity < 0 else 900))

    view = a_view(positions=(position,), orders=(an_order(side=side, quantity=Decimal(500)),))

    assert (view.exposure, view.held) == (900, {"MSFT"})


@pytest.mark.parametrize(("quantity", "side"), [(10, "buy"), (-10, "sell")])
def test_an_order_that_adds_to_a_position_adds_to_the_exposure(quantity, side):
    position = a_position(quantity=Decimal(quantity), market_value=Decimal(quantity * 90))
    order = an_order(side=side, quantity=Decimal(5), limit_price=Decimal(100))

    view = a_view(positions=(position,), orders=(order,))

    assert view.exposure == 1400


def test_an_order_without_a_position_opens_one():
    view = a_view(orders=(an_order("JPM", "sell", quantity=Decimal(5), limit_price=Decimal(100)),))

    assert (view.exposure, view.held) == (500, {"JPM"})


@pytest.mark.parametrize(("ledger", "broker", "exposed"), [(1000, 900, 1000), (1000, 1100, 1100)])
def test_a_symbol_is_exposed_by_the_larger_of_what_ledger_and_broker_say(ledger, broker, exposed):
    view = a_view({MSFT: a_lock(ledger)}, positions=(a_position(market_value=Decimal(broker)),))

    assert view.exposure == exposed


def test_what_only_one_of_the_two_knows_counts_in_full():
    view = a_view(
        {AAPL: a_lock(700)},
        positions=(a_position(market_value=Decimal(300)),),
        orders=(an_order("JPM", quantity=Decimal(2), limit_price=Decimal(50)),),
    )

    assert view.exposure == 1100


def test_a_short_position_is_exposure_and_not_relief():
    view = a_view(
        positions=(a_position(quantity=Decimal(-10), market_value=Decimal(-1000)), a_position(symbol="JPM"))
    )

    assert view.exposure == 2000


def test_a_position_without_a_market_value_is_worth_what_it_cost():
    view = a_view(positions=(a_position(quantity=Decimal(-3), average_entry_price=Decimal(50)),))

    assert view.exposure == 150


def test_the_filled_part_of_an_order_is_counted_as_its_position_only():
    order = an_order(
        status=OrderStatus.PARTIALLY_FILLED,
        quantity=Decimal(10),
        filled_quantity=Decimal(4),
        limit_price=Decimal(100),
    )

    view = a_view(positions=(a_position(quantity=Decimal(4), market_value=Decimal(400)),), orders=(order,))

    assert view.exposure == 1000


def test_a_stop_order_is_counted_at_its_stop():
    order = an_order(limit_price=None, stop_price=Decimal(120), quantity=Decimal(2))

    assert a_view(orders=(order,)).exposure == 240


@given(account_views())
def test_the_exposure_is_at_least_what_either_side_knows(view):
    ledger = sum((holding.notional for holding in view.state.holdings.values()), Decimal(0))
    broker = sum(
        (
            abs(p.average_entry_price * p.quantity if p.market_value is None else p.market_value)
            for p in view.positions
        ),
        Decimal(0),
    )

    assert view.exposure >= max(ledger, broker)
    assert view.held >= set(view.state.holdings) | {position.symbol for position in view.positions}


def test_b12_a_fresh_reservation_counts_even_where_the_broker_shows_its_order():
    view = a_view({MSFT: a_lock(since=NOW - VIEWS_LAG + MICROSECOND)}, orders=(an_order(),))

    assert view.unreserved_buying_power(AAPL) == 99_000


@pytest.mark.parametrize(
    "shown", [{"orders": (an_order(),)}, {"positions": (a_position(),)}], ids=["order", "position"]
)
def test_b12_a_reservation_the_broker_has_shown_for_ten_seconds_is_in_its_own_figure(shown):
    view = a_view({MSFT: a_lock(since=NOW - VIEWS_LAG)}, power=99_000, **shown)

    assert view.unreserved_buying_power(AAPL) == 99_000


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"orders": (an_order(signal_id="ffffffffffffffffffffffff"),)},
        {"positions": (a_position(symbol="JPM"),)},
    ],
    ids=["nothing", "another signal's order", "another symbol's position"],
)
def test_b12_an_old_reservation_the_broker_has_not_shown_still_counts(shown):
    view = a_view({MSFT: a_lock(since=NOW - timedelta(hours=1))}, **shown)

    assert view.unreserved_buying_power(AAPL) == 99_000


def test_the_lag_is_ten_seconds():
    assert timedelta(seconds=10) == VIEWS_LAG


def test_every_reservation_counts_by_itself():
    old, fresh = a_lock(1000, since=NOW - timedelta(minutes=1)), a_lock(500, signal_id="f" * 24, since=NOW)

    view = a_view({MSFT: old, AAPL: fresh}, positions=(a_position(),))

    assert view.unreserved_buying_power(AAPL) == 99_500


def test_a_filled_entrys_released_money_is_the_brokers_to_count():
    view = a_view({MSFT: a_lock(1000)}, reserved=0, power=99_000)

    assert view.unreserved_buying_power(AAPL) == 99_000


def test_what_is_left_is_never_negative():
    assert a_view({MSFT: a_lock(5000)}, power=4000).unreserved_buying_power(AAPL) == 0


def test_a23_coins_are_bought_with_cash_and_not_on_margin():
    cash = {"buying_power": Decimal(200_000), "non_marginable_buying_power": Decimal(90_000)}

    view = an_account_view(broker=cash)

    assert (view.buying_power(BTC), view.buying_power(AAPL)) == (90_000, 200_000)
    assert (view.unreserved_buying_power(BTC), view.unreserved_buying_power(AAPL)) == (90_000, 200_000)


def test_a23_where_the_broker_tells_no_cash_there_is_none_for_coins():
    assert an_account_view().buying_power(BTC) == 0


@given(account_views(), few_symbols)
def test_b12_what_is_left_lies_between_all_reservations_and_none(view, symbol):
    left = view.unreserved_buying_power(symbol)

    most = view.buying_power(symbol)
    assert max(most - view.state.reserved_notional, 0) <= left <= most


@given(account_views(), few_symbols)
def test_b12_what_the_broker_cannot_have_seen_yet_is_never_free(view, symbol):
    lately = [lock.notional for lock in view.state.holdings.values() if view.read_at - lock.since < VIEWS_LAG]

    bound = min(sum(lately, Decimal(0)), view.state.reserved_notional)
    assert view.unreserved_buying_power(symbol) <= max(view.buying_power(symbol) - bound, 0)


def test_an_open_order_without_a_quantity_binds_nothing_that_is_known():
    order = a_broker_order(symbol="MSFT", quantity=None, limit_price=Decimal(100))

    view = an_account_view(orders=(order,))

    assert (view.exposure, view.held) == (0, {"MSFT"})


def test_a_market_order_binds_nothing_that_is_known():
    order = an_order(quantity=Decimal(10), limit_price=None)

    assert an_account_view(orders=(order,)).exposure == 0


def test_a_lock_of_cents_is_exposure_of_cents():
    assert a_view({AAPL: a_lock("0.25")}).exposure == Decimal("0.25")
