"""Every end that a trade can have: afterwards ledger and broker tell the same, to the cent."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import Cover, ExecutionState
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.signal import Side
from simulation.broker.server import Fault
from tests.pipeline.market_day import CRYPTO_FEE, LAST_PLACE, Day, close_time
from tests.pipeline.stage import MINUTE, OPENS, PRICE
from tests.unit.builders import a_signal

BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
COIN = {
    "symbol": "BTC/USD",
    "entry_price": Decimal(50_000),
    "stop_price": Decimal(49_000),
    "target_price": Decimal(52_000),
}
REFUSED = {"code": 40310000, "message": "insufficient qty available for order"}


@pytest.fixture
def day(stage):
    return Day(stage)


def mirrored(side, distance):
    """Return the price that lies so far on a position's good side."""
    return PRICE + (distance if side is Side.BUY else -distance)


def ended(day, signal):
    execution = day.execution(signal)
    return execution.state, [fill.leg for fill in execution.fills], execution.realised_profit


@BOTH
@pytest.mark.parametrize(
    ("move", "leg", "by_share"),
    [(10, "take_profit", 10), (-5, "stop_loss", -5), (-9, "stop_loss", -9)],
    ids=["target", "stop", "gap through the stop"],
)
def test_a_trade_ends_at_its_target_or_its_stop(day, side, move, leg, by_share):
    signal = day.hold(side=side)
    quantity = abs(day.held())

    day.price(mirrored(side, move))
    day.minute()

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", leg], quantity * by_share)
    assert not day.reports[-1].repairs
    day.check_over()


@BOTH
def test_a_trade_may_enter_and_end_between_two_runs(day, side):
    signal = day.enter(side=side)

    day.price(mirrored(side, 10))
    day.minute()

    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "take_profit"])
    day.check_over()


@BOTH
def test_both_exits_fill_and_what_was_sold_too_much_is_bought_back_once(day, side):
    day.behave(rival_cancel_takes=30)
    signal = day.hold(side=side)
    quantity = day.held()

    day.price(mirrored(side, -5))
    day.price(mirrored(side, 10))
    turned = day.held()
    day.minute(3)

    assert turned == -quantity
    assert ended(day, signal)[:2] == (
        ExecutionState.CLOSED,
        ["entry", "take_profit", "stop_loss", "correction"],
    )
    assert day.order(signal, "exit").quantity == abs(quantity)
    day.check_over()


def test_a_part_of_an_entry_that_goes_on_working_is_protected_within_two_runs(day):
    _partly_filled(day, 5)

    day.minute(2)

    assert day.unprotected() == set()


@BOTH
@pytest.mark.parametrize("who", ["a person", "its expiry"])
def test_b08_the_filled_part_of_a_cancelled_entry_gets_an_oco_for_exactly_that_part(day, side, who):
    entry = {"side": side, "expires_at": OPENS + MINUTE}
    signal = _partly_filled(day, 5, **entry)

    if who == "a person":
        day.cancel_by_hand(day.order(signal))
    day.minute(2)
    guard = day.order(signal, "guard")
    held, protection = day.held(), day.execution(signal).protection
    day.price(mirrored(side, 10))
    day.minute()

    assert abs(held) == guard.quantity == 5
    assert (guard.order_class, guard.side) == ("oco", side.opposite)
    assert (protection.cover, protection.order_id, protection.naked_since) == (Cover.COMPLETE, guard.id, None)
    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "take_profit"], 50)
    day.check_over()


@pytest.mark.parametrize("level", [Decimal(95), Decimal(90)], ids=["at its stop", "gap through"])
def test_b08_the_guard_of_a_part_closes_it_at_its_stop(day, level):
    signal = _partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.minute(2)

    day.price(level)
    day.minute()

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "stop_loss"], 5 * (level - PRICE))
    day.check_over()


def test_a_naked_part_whose_stop_the_market_has_passed_is_left(day):
    signal = _partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.cancel_by_hand(day.order(signal))

    day.price(94)
    day.minute(3)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], -30)
    assert day.execution(signal).exit.why == "the market is past its stop"
    day.check_over()


def _partly_filled(day, quantity, **overrides):
    """Enter with a limit that rests, then let a part of it fill."""
    side = overrides.get("side", Side.BUY)
    day.price(mirrored(side, 2))
    signal = day.enter(**overrides)
    day.hold_back(signal, quantity)
    day.price(PRICE)
    day.run()
    assert day.execution(signal).state is ExecutionState.PARTIALLY_FILLED
    return signal


def test_an_entry_that_outlives_its_signal_is_cancelled_and_gives_everything_back(day):
    day.price(PRICE + 2)
    signal = day.enter()
    day.minute()
    reserved = day.stage.account().reserved_notional

    day.minute(5)

    assert reserved > 0
    assert ended(day, signal) == (ExecutionState.CANCELED, [], None)
    assert day.execution(signal).detail["entry"] == "canceled"
    day.check_over()


def test_an_entry_for_the_day_expires_at_the_close(day):
    day.stage.configured("argo", time_in_force="day")
    day.price(PRICE + 2)
    signal = day.enter(expires_at=OPENS + timedelta(days=1))

    day.stage.set_time(close_time(day.stage) + MINUTE, is_open=False)
    day.run()

    assert ended(day, signal) == (ExecutionState.CANCELED, [], None)
    assert day.execution(signal).detail["entry"] == "expired"
    assert day.books.positions == {}
    assert day.stage.account().reserved_notional == 0
    assert day.stage.account().holdings == {}


def test_an_entry_that_the_broker_rejects_late_gives_everything_back(day):
    day.price(PRICE + 2)
    signal = _rejected_late(day)

    day.minute()

    assert ended(day, signal) == (ExecutionState.REJECTED, [], None)
    day.check_over()


def _rejected_late(day, **overrides):
    now = day.stage.clock.now()
    signal = a_signal(**{"bar_time": now - MINUTE, "created_at": now} | overrides)
    day.behave(rejected_after={f"argo-argo-{signal.signal_id}-entry": 5})
    return day.enter(bar_time=signal.bar_time, **overrides)


@BOTH
@pytest.mark.parametrize("cancels_exits", [True, False], ids=["legs cancelled first", "legs left live"])
def test_b15_a_manual_sale_is_taken_over_with_its_price_and_its_legs_are_cancelled(day, side, cancels_exits):
    signal = day.hold(side=side)
    quantity = abs(day.held())
    day.minute()
    day.price(mirrored(side, 3))

    sale = day.order_by_hand(side=side.opposite, qty=quantity, cancels_exits=cancels_exits)
    day.minute(2)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], 3 * quantity)
    assert day.execution(signal).detail["closed_by"] == "an order that is not Argo's"
    assert day.orders(signal, "exit") == []
    day.check_over(gone_by_hand={sale.id})


def test_b15_a_manual_sale_of_a_part_leaves_the_rest_guarded(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()

    sold = day.order_by_hand(qty=40, cancels_exits=True)
    day.minute(2)
    guard = day.order(signal, "guard")
    day.price(110)
    day.minute(2)

    assert guard.quantity == quantity - 40
    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "take_profit", "exit"], 10 * (quantity - 40))
    day.check_over(gone_by_hand={sold.id})


def test_b15_a_position_that_nobodys_orders_account_for_is_reported_and_not_guessed(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()
    before = len(day.books.orders)

    sold = day.order_by_hand(qty=quantity + 10, cancels_exits=True)
    report = day.minute(2)

    assert report.problems[signal.signal_id] == "its position is gone, and no orders account for it"
    assert day.execution(signal).state is ExecutionState.FILLED
    assert len(day.books.orders) == before + 1
    assert sold.filled_quantity == quantity + 10


@pytest.mark.parametrize(
    "views", [{"orders_lag": 10}, {"positions_lag": 10}, {"orders_lag": 10, "positions_lag": 10}]
)
def test_what_the_broker_forgets_for_ten_seconds_is_neither_repaired_nor_entered_twice(day, views):
    signal = day.enter()
    day.behave(**views)

    first = day.run()
    day.stage.pass_time(timedelta(seconds=11))
    second = day.run()
    day.price(110)
    blind = day.run()
    day.minute()

    assert not first.repairs
    assert not second.repairs
    assert not blind.repairs
    assert len(day.stage.broker_orders()) == 1
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "take_profit"])
    day.check_over()


def test_a_part_that_the_broker_forgets_for_ten_seconds_is_guarded_once(day):
    signal = _partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.behave(orders_lag=10, positions_lag=10)

    for _ in range(20):
        day.stage.pass_time(timedelta(seconds=6))
        day.run()

    assert day.order(signal, "guard").quantity == 5
    day.price(110)
    day.minute(2)
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "take_profit"])
    day.check_over()


def test_a16_a_coin_is_guarded_in_the_run_that_sees_its_fill_and_left_at_its_target(day):
    day.price(50_000, "BTC/USD")
    signal = day.hold(**COIN)
    guard, bought = day.order(signal, "guard"), day.order(signal).filled_quantity
    day.minute()

    day.price(52_000, "BTC/USD")
    day.minute(2)

    sold = day.order(signal, "exit")
    assert (guard.type, guard.stop_price, guard.limit_price) == ("stop_limit", 49_000, 48_755)
    assert abs(guard.quantity - bought * (1 - CRYPTO_FEE)) <= LAST_PLACE
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(signal).exit.why == "target reached"
    day.check_over(fees=sold.filled_value * CRYPTO_FEE)


@pytest.mark.parametrize("level", [49_000, 48_900], ids=["at its stop", "between its stop and its limit"])
def test_a_coin_ends_at_its_stop(day, level):
    day.price(50_000, "BTC/USD")
    signal = day.hold(**COIN)

    day.price(level, "BTC/USD")
    day.minute()

    guard = day.order(signal, "guard")
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    day.check_over(fees=guard.filled_value * CRYPTO_FEE)


def test_a16_a_coin_that_falls_through_the_limit_of_its_stop_is_left_at_the_market(day):
    day.price(50_000, "BTC/USD")
    signal = day.hold(**COIN)

    day.price(48_000, "BTC/USD")
    day.minute(2)

    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(signal).exit.why == "the market is past its stop"
    day.check_over(fees=day.order(signal, "exit").filled_value * CRYPTO_FEE)


def a_fraction(day, **overrides):
    day.stage.configured("argo", fractional=True, base_size_percent=1, size_cap_percent=1)
    day.price(30_000)
    return day.hold(
        entry_price=Decimal(30_000), stop_price=Decimal(27_000), target_price=Decimal(33_000), **overrides
    )


@pytest.mark.parametrize(
    ("level", "leg"),
    [(33_000, "exit"), (27_000, "stop_loss"), (26_000, "stop_loss")],
    ids=["target", "stop", "gap"],
)
def test_a16_a_fraction_of_a_share_has_a_stop_for_the_day_and_is_left_at_its_target(day, level, leg):
    signal = a_fraction(day)
    guard, held = day.order(signal, "guard"), day.held()

    day.price(level)
    day.minute(2)

    assert 0 < held < 1
    assert (guard.type, guard.time_in_force, guard.quantity, guard.stop_price) == ("stop", "day", held, 27_000)
    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", leg], held * (level - 30_000))
    day.check_over()


def test_a_fractions_stop_for_the_day_is_placed_anew_when_it_has_expired(day):
    signal = a_fraction(day)

    for _ in range(2):
        day.stage.set_time(close_time(day.stage) + MINUTE, is_open=False)
        day.run()
        day.stage.set_time(day.stage.server.broker.clock.calendar.next_open(day.stage.clock.now()) + MINUTE)
        day.run()
        assert day.unprotected() == set()

    day.price(27_000)
    day.minute()
    assert [str(order.status) for order in day.orders(signal, "guard")] == ["expired", "expired", "filled"]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])


def refusing(times):
    """Refuse orders, whatever they are."""
    return Fault(method="POST", path="/v2/orders", status=403, body=REFUSED, times=times)


def test_a16_a_guard_that_is_refused_once_is_sent_again_at_corrected_prices(day):
    signal = _partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.stage.server.faults.add(refusing(1))

    refused = day.minute()
    known = day.execution(signal).protection
    day.minute()

    assert refused.problems[signal.signal_id] == f"not guarded: {REFUSED['message']}"
    assert (known.cover, known.reason, known.attempt) == (Cover.NONE, REFUSED["message"], 1)
    assert day.execution(signal).protection.cover is Cover.COMPLETE
    assert day.order(signal, "guard").client_order_id.endswith("-guard2")
    day.check_books()


def test_a16_a_guard_that_is_refused_twice_ends_the_position_where_the_profile_flattens(day):
    signal = _partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.stage.server.faults.add(refusing(2))

    day.minute(4)

    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(signal).exit.why == "the broker will not guard it"
    day.check_over()


def test_a16_a_guard_that_is_refused_twice_is_reported_each_run_where_the_profile_warns(day):
    day.stage.configured("argo", exits=ExitRules(unprotected=OnUnprotected.WARN))
    signal = _partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.stage.server.faults.add(refusing(2))

    reports = []
    for _ in range(4):
        day.stage.pass_time(MINUTE)
        reports.append(day.run())

    execution = day.execution(signal)
    assert [report.problems[signal.signal_id] for report in reports[2:]] == ["the broker will not guard it"] * 2
    assert (execution.state, execution.protection.cover) == (ExecutionState.FILLED, Cover.NONE)
    assert execution.protection.reason == REFUSED["message"]
    seconds = [max(report.naked_seconds) for report in reports]
    assert seconds == [seconds[0] + 60 * run for run in range(4)]
    assert day.orders(signal, "exit") == day.orders(signal, "guard") == []


@BOTH
def test_a_stop_goes_to_break_even_once_and_the_trade_ends_there(day, side):
    day.stage.configured("argo", exits=ExitRules(break_even_at_r=Decimal(1)))
    signal = day.hold(side=side)

    day.price(mirrored(side, 6))
    reports = [day.minute(), day.minute()]
    stop = stop_of(day)
    day.price(mirrored(side, -1))
    day.minute()

    assert [dict(report.repairs) for report in reports] == [{"tightened": 1}, {}]
    assert stop.stop_price == PRICE
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    day.check_over()


@BOTH
def test_a_trailing_stop_follows_the_price_and_never_goes_back(day, side):
    day.stage.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
    signal = day.hold(side=side)

    stops = []
    for distance in (0, 2, 5, 3, 9, 6):
        day.price(mirrored(side, distance))
        day.minute()
        stops.append(stop_of(day).stop_price)
    day.price(mirrored(side, 3))
    day.minute()

    assert stops == [mirrored(side, each) for each in (-5, -3, 0, 0, 4, 4)]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    day.check_over()


@pytest.mark.parametrize("who", ["fraction", "coin", "part"])
def test_the_stop_that_argo_placed_itself_trails_too(day, who):
    day.stage.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
    if who == "fraction":
        symbol, signal, prices = "AAPL", a_fraction(day), (31_000, 32_000)
    elif who == "coin":
        day.price(50_000, "BTC/USD")
        symbol, signal, prices = "BTC/USD", day.hold(**COIN), (50_500, 51_500)
    else:
        symbol, signal, prices = "AAPL", _partly_filled(day, 5), (104, 108)
        day.cancel_by_hand(day.order(signal))
        day.minute(2)
    first = stop_of(day, symbol).stop_price

    stops = []
    for price in (*prices, prices[1]):
        day.price(price, symbol)
        day.minute()
        assert len([o for o in day.books.open_orders if o.stop_price]) == 1
        stops.append(stop_of(day, symbol).stop_price)
    day.price(stops[-1], symbol)
    day.minute(2)

    assert first < stops[0] < stops[1] == stops[2]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    last = max(day.books.fills, key=lambda fill: fill.at)
    day.check_over(fees=last.fee_in_usd)


def stop_of(day, symbol="AAPL"):
    (stop,) = [order for order in day.books.open_orders if order.stop_price and order.symbol == symbol]
    return stop


@BOTH
def test_a_position_is_left_after_so_many_bars(day, side):
    day.stage.configured("argo", exits=ExitRules(bars=3))
    signal = day.hold(side=side)
    day.price(mirrored(side, 1))

    reports = [day.minute() for _ in range(4)]

    assert [dict(report.repairs) for report in reports] == [{}, {}, {"left": 1}, {}]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(signal).exit.why == "held for 3 bars"
    day.check_over()


def test_a_position_is_left_before_the_close_and_a_coin_is_not(day):
    day.stage.configured("argo", exits=ExitRules(minutes_before_close=10))
    day.price(50_000, "BTC/USD")
    stock, coin = day.hold(), day.hold(**COIN)
    close = close_time(day.stage)

    day.stage.set_time(close - 12 * MINUTE)
    early = day.run()
    day.minute(3)

    assert not early.repairs
    assert ended(day, stock)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(stock).exit.why == "10 minutes before the close"
    assert day.execution(coin).state is ExecutionState.FILLED
    day.check_books()


def test_a27_a_position_whose_time_is_over_is_not_closed_while_the_exchange_is(day):
    day.stage.configured("argo", exits=ExitRules(bars=3))
    signal = day.hold()
    quantity = day.held()

    report = day.minute(4, is_open=False)
    waiting, orders = day.execution(signal), len(day.stage.broker_orders())
    day.minute(2)

    assert report.problems[signal.signal_id] == "to be left (held for 3 bars) when the exchange opens"
    assert (waiting.state, waiting.exit, orders) == (ExecutionState.FILLED, None, 1)
    assert stop_was_live(waiting)
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.order(signal, "exit").quantity == quantity
    day.check_over()


def stop_was_live(execution):
    return any(leg.role == "stop_loss" and leg.status in {"new", "held"} for leg in execution.legs)


def test_b10_flatten_run_twice_closes_once_and_cancels_what_rests(day):
    day.price(50_000, "BTC/USD")
    held, short, coin = day.enter(), day.enter(symbol="MSFT", side=Side.SELL), day.enter(**COIN)
    day.price(PRICE + 2, "IBM")
    resting = day.enter(symbol="IBM")
    day.minute()

    first = day.flatten()
    again = day.flatten()
    day.minute()
    once_more = day.flatten()
    day.minute()

    assert set(first) == set(again) == {"AAPL", "MSFT", "IBM", "BTC/USD"}
    assert set(once_more) <= set(first)
    for signal in (held, short, coin):
        assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
        assert day.order(signal, "exit").status == "filled"
    assert ended(day, resting)[:2] == (ExecutionState.CANCELED, [])
    assert day.flatten() == {}
    day.check_over(fees=day.order(coin, "exit").filled_value * CRYPTO_FEE)


def test_flatten_of_one_symbol_leaves_the_others(day):
    held, other = day.enter(), day.enter(symbol="MSFT")
    day.minute()

    day.flatten("AAPL")
    day.minute(2)

    assert day.execution(held).state is ExecutionState.CLOSED
    assert day.execution(other).state is ExecutionState.FILLED
    day.check_books()


def test_a_position_that_a_person_sells_after_flatten_was_asked_for_is_closed_by_that_sale(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()

    day.flatten()
    sale = day.order_by_hand(qty=quantity, cancels_exits=True)
    day.minute(2)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], 0)
    day.check_over(gone_by_hand={sale.id})


def test_b10_an_exit_waits_for_cancellations_that_take_their_time(day):
    day.behave(cancel_takes=70)
    signal = day.hold()

    day.flatten()
    waiting = day.minute()
    orders = len(day.stage.broker_orders())
    day.minute(3)

    assert (waiting.repairs, orders) == ({}, 1)
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    day.check_over()


def test_b15_orders_and_positions_of_a_person_are_never_touched(day):
    signal = day.hold()
    quantity = day.held()
    bought = day.order_by_hand(symbol="IBM", side="buy", qty=7)
    resting = day.order_by_hand(
        symbol="IBM", side="sell", qty=7, type="limit", limit_price=120, time_in_force="gtc"
    )
    beside = day.order_by_hand(symbol="AAPL", side="buy", qty=3)
    below = day.order_by_hand(symbol="IBM", side="buy", qty=3, type="limit", limit_price=90, time_in_force="gtc")
    day.by_hand.update({"IBM": 7, "AAPL": 3})

    report = day.minute()
    day.flatten()
    day.minute(2)

    assert report.problems == {"IBM": "a position that no execution of Argo's holds"}
    assert day.order(signal, "exit").quantity == quantity
    assert (day.held("IBM"), day.held()) == (7, 3)
    assert [str(order.status) for order in (bought, resting, beside, below)] == ["filled", "new", "filled", "new"]
    day.check_over()


def test_b15_an_exit_that_a_persons_order_stands_in_the_way_of_is_reported_each_run_until_it_passes(day):
    day.stage.configured("argo", exits=ExitRules(bars=1))
    signal = day.hold()
    theirs = day.order_by_hand(side="buy", qty=3, type="limit", limit_price=90, time_in_force="gtc")
    reports = []
    for _ in range(3):
        day.stage.pass_time(MINUTE)
        reports.append(day.run())

    status = str(theirs.status)
    day.cancel_by_hand(theirs)
    for _ in range(2):
        day.stage.pass_time(MINUTE)
        day.run()

    assert status == "new"
    assert all("potential wash trade" in report.problems[signal.signal_id] for report in reports[1:])
    naked = [max(report.naked_seconds, default=0) for report in reports]
    assert naked[2] - naked[1] == 60
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.held() == 0


def test_b15_a_guard_is_for_what_argo_bought_and_not_for_what_a_person_holds_beside_it(day):
    signal = _partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.order_by_hand(symbol="AAPL", side="buy", qty=300)
    day.by_hand["AAPL"] = 300

    day.minute(2)

    assert day.order(signal, "guard").quantity == 5
    day.check_books()


def test_a07_an_order_whose_worker_died_gets_its_id_by_look_up_and_is_followed(day):
    day.stage.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, drop=True))
    day.stage.server.faults.add(Fault(path="/v2/orders:*", status=503, body="<html>", times=3))
    signal = a_signal()
    day.signals.append(signal)
    day.stage.publish(signal)
    day.stage.poll()
    unknown = day.execution(signal)
    day.stage.server.faults.clear()

    day.minute(3)

    order = day.order(signal)
    assert (unknown.state, unknown.order_id) == (ExecutionState.UNKNOWN, None)
    assert day.execution(signal).order_id == order.id
    assert day.execution(signal).state is ExecutionState.FILLED
    day.check_books()


def test_a08_two_accounts_on_one_signal_are_followed_each_in_its_own_record(stage):
    days = {name: Day(stage, name) for name in ("argo", "prop_firm")}
    entry = {"confidence": Decimal(90), "stop_price": Decimal("98.60")}
    (signal,) = {day.enter(**entry) for day in days.values()}
    for day in days.values():
        day.run()

    days["argo"].flatten()
    for day in days.values():
        day.minute(2)

    assert days["argo"].execution(signal).state is ExecutionState.CLOSED
    assert days["prop_firm"].execution(signal).state is ExecutionState.FILLED
    assert days["argo"].order(signal).id != days["prop_firm"].order(signal).id
    for day in days.values():
        day.check_books()


def test_a06_each_run_leaves_its_time_on_the_account(day):
    observed = []
    for _ in range(3):
        day.minute()
        observed.append(day.stage.account().observed_at)

    now = day.stage.clock.now()
    assert observed == [now - 2 * MINUTE, now - MINUTE, now]


def test_a06_a_run_that_the_broker_does_not_answer_leaves_no_time(day):
    day.minute()
    before = day.stage.account().observed_at
    day.stage.server.faults.add(Fault(drop=True, times=100))

    report = day.minute()

    assert report.unanswered > 0
    assert day.stage.account().observed_at == before


def test_a19_an_account_that_is_halted_still_has_its_positions_guarded_and_left(day):
    signal = _partly_filled(day, 5, expires_at=OPENS + MINUTE)
    day.stage.set_trading_state("HALTED")

    day.minute(2)
    guarded = day.execution(signal).protection.cover
    day.flatten()
    day.minute(2)

    assert guarded is Cover.COMPLETE
    assert day.execution(signal).state is ExecutionState.CLOSED
    day.check_over()


def test_a25_a_daily_loss_halts_until_the_next_trading_day_whoever_asks(day):
    day.stage.configured("argo", daily_loss_limit_percent=1, daily_loss_ends="next_trading_day")
    day.hold()
    day.minute()

    day.price(85)
    day.minute()
    halted = day.stage.account()
    day.stage.set_time(close_time(day.stage) - MINUTE)
    day.run()
    still = day.stage.account()
    tomorrow = day.stage.server.broker.clock.calendar.next_open(day.stage.clock.now())
    day.stage.set_time(tomorrow + MINUTE)
    day.run()

    assert halted.trading_state == still.trading_state == "HALTED"
    assert halted.resumes_on == tomorrow.date()
    assert day.stage.account().trading_state == "ACTIVE"


def test_a_day_with_every_end_at_once_leaves_both_books_the_same(day):
    """Eleven signals in one account, in the same minutes: every end, and a person's trades beside them."""
    day.stage.configured(
        "argo", base_size_percent=2, size_cap_percent=2, exits=ExitRules(break_even_at_r=Decimal(1))
    )
    day.price(50_000, "BTC/USD")
    for symbol in ("FB", "NVDA", "TSLA"):
        day.price(PRICE + 2, symbol)
    target, stop, gap = (day.enter(symbol=symbol) for symbol in ("AAPL", "MSFT", "IBM"))
    both = day.enter(symbol="GOOG", side=Side.SELL)
    part, resting = day.enter(symbol="FB"), day.enter(symbol="NVDA")
    day.hold_back(part, 5)
    rejected = _rejected_late(day, symbol="TSLA")
    day.behave(rival_cancel_takes=30)
    by_hand, flattened, tightened = (day.enter(symbol=symbol) for symbol in ("SPY", "QQQ", "AMZN"))
    coin = day.enter(**COIN)
    day.price(PRICE, "GLD")
    day.order_by_hand(symbol="GLD", side="buy", qty=7)
    day.by_hand["GLD"] = 7
    day.price(PRICE, "FB")
    day.minute()

    day.price(110, "AAPL")
    day.price(95, "MSFT")
    day.price(88, "IBM")
    day.price(105, "GOOG")
    day.price(90, "GOOG")
    day.price(106, "AMZN")
    day.price(103, "SPY")
    sale = day.order_by_hand(symbol="SPY", side="sell", qty=day.held("SPY"), cancels_exits=True)
    day.cancel_by_hand(day.order(part))
    day.minute()
    day.flatten("QQQ")
    day.price(52_000, "BTC/USD")
    day.price(99, "AMZN")
    day.behave(orders_lag=10)
    day.minute(2)
    day.price(110, "FB")
    day.behave()
    day.minute(3)

    ends = {signal.symbol: ended(day, signal)[:2] for signal in day.signals}
    closed = ExecutionState.CLOSED
    assert ends == {
        target.symbol: (closed, ["entry", "take_profit"]),
        stop.symbol: (closed, ["entry", "stop_loss"]),
        gap.symbol: (closed, ["entry", "stop_loss"]),
        both.symbol: (closed, ["entry", "take_profit", "stop_loss", "correction"]),
        part.symbol: (closed, ["entry", "take_profit"]),
        resting.symbol: (ExecutionState.CANCELED, []),
        rejected.symbol: (ExecutionState.REJECTED, []),
        by_hand.symbol: (closed, ["entry", "exit"]),
        flattened.symbol: (closed, ["entry", "exit"]),
        tightened.symbol: (closed, ["entry", "stop_loss"]),
        coin.symbol: (closed, ["entry", "exit"]),
    }
    fees = day.order(coin, "exit").filled_value * CRYPTO_FEE
    day.check_over(fees=fees, gone_by_hand={sale.id})
    assert day.held("GLD") == 7


def test_without_prices_everything_but_the_rules_that_need_them_goes_on(day):
    day.stage.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
    signal = day.hold()
    day.minute()
    day.stage.server.faults.add(Fault(path="/v2/stocks/trades/latest", status=500, body="<html>", times=10))

    day.price(95)
    report = day.minute()

    assert report.unanswered == 1
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    day.check_over()
