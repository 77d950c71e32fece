"""What ends or tightens a position in time: break-even, trailing stops, bars held, the close, a flatten."""

from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.profile import ExitRules
from argo.domain.signal import Side
from simulation.broker.server import Fault
from tests.pipeline.market_day import CRYPTO_FEE, close_time
from tests.pipeline.pipeline import MINUTE, PRICE
from tests.pipeline.trades import BOTH, COIN, a_fraction, ended, mirrored, partly_filled


@BOTH
def test_a_stop_goes_to_break_even_once_and_the_trade_ends_there(day, side):
    day.pipeline.configured("argo", exits=ExitRules(break_even_at_r=Decimal(1)))
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
    day.pipeline.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
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
    day.pipeline.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
    if who == "fraction":
        symbol, signal, prices = "AAPL", a_fraction(day), (31_000, 32_000)
    elif who == "coin":
        day.price(50_000, "BTC/USD")
        symbol, signal, prices = "BTC/USD", day.hold(**COIN), (50_500, 51_500)
    else:
        symbol, signal, prices = "AAPL", partly_filled(day, 5), (104, 108)
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
    day.pipeline.configured("argo", exits=ExitRules(bars=3))
    signal = day.hold(side=side)
    day.price(mirrored(side, 1))

    reports = [day.minute() for _ in range(4)]

    assert [dict(report.repairs) for report in reports] == [{}, {}, {"left": 1}, {}]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(signal).exit.why == "held for 3 bars"
    day.check_over()


def test_a_position_is_left_before_the_close_and_a_coin_is_not(day):
    day.pipeline.configured("argo", exits=ExitRules(minutes_before_close=10))
    day.price(50_000, "BTC/USD")
    stock, coin = day.hold(), day.hold(**COIN)
    close = close_time(day.pipeline)

    day.pipeline.set_time(close - 12 * MINUTE)
    early = day.run()
    day.minute(3)

    assert not early.repairs
    assert ended(day, stock)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.execution(stock).exit.why == "10 minutes before the close"
    assert day.execution(coin).state is ExecutionState.FILLED
    day.check_books()


def test_a27_a_position_whose_time_is_over_is_not_closed_while_the_exchange_is(day):
    day.pipeline.configured("argo", exits=ExitRules(bars=3))
    signal = day.hold()
    quantity = day.held()

    report = day.minute(4, is_open=False)
    waiting, orders = day.execution(signal), len(day.pipeline.broker_orders())
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


def test_b10_an_exit_waits_for_cancellations_that_take_their_time(day):
    day.behave(cancel_takes=70)
    signal = day.hold()

    day.flatten()
    waiting = day.minute()
    orders = len(day.pipeline.broker_orders())
    day.minute(3)

    assert (waiting.repairs, orders) == ({}, 1)
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    day.check_over()


def test_without_prices_everything_but_the_rules_that_need_them_goes_on(day):
    day.pipeline.configured("argo", exits=ExitRules(trail_r=Decimal(1)))
    signal = day.hold()
    day.minute()
    day.pipeline.server.faults.add(Fault(path="/v2/stocks/trades/latest", status=500, body="<html>", times=10))

    day.price(95)
    report = day.minute()

    assert report.unanswered == 1
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])
    day.check_over()
