"""Every end that a trade can have: afterwards ledger and broker tell the same, to the cent."""

from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.profile import ExitRules
from argo.domain.signal import Side
from tests.pipeline.market_day import CRYPTO_FEE, LAST_PLACE, close_time
from tests.pipeline.pipeline import MINUTE, PRICE
from tests.pipeline.trades import BOTH, COIN, a_fraction, ended, mirrored, rejected_late


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
        day.pipeline.set_time(close_time(day.pipeline) + MINUTE, is_open=False)
        day.run()
        day.pipeline.set_time(
            day.pipeline.server.broker.clock.calendar.next_open(day.pipeline.clock.now()) + MINUTE
        )
        day.run()
        assert day.unprotected() == set()

    day.price(27_000)
    day.minute()
    assert [str(order.status) for order in day.orders(signal, "guard")] == ["expired", "expired", "filled"]
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "stop_loss"])


def test_a_day_with_every_end_at_once_leaves_both_books_the_same(day):
    """Eleven signals in one account, in the same minutes: every end, and a person's trades beside them."""
    day.pipeline.configured(
        "argo", base_size_percent=2, size_cap_percent=2, exits=ExitRules(break_even_at_r=Decimal(1))
    )
    day.price(50_000, "BTC/USD")
    for symbol in ("FB", "NVDA", "TSLA"):
        day.price(PRICE + 2, symbol)
    target, stop, gap = (day.enter(symbol=symbol) for symbol in ("AAPL", "MSFT", "IBM"))
    both = day.enter(symbol="GOOG", side=Side.SELL)
    part, resting = day.enter(symbol="FB"), day.enter(symbol="NVDA")
    day.hold_back(part, 5)
    rejected = rejected_late(day, symbol="TSLA")
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
