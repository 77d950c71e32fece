from datetime import UTC, datetime
from decimal import Decimal

import pytest

from simulation.broker.views import account_json, clock_json, order_json, position_json, submission_json
from tests.simulation.trader import AFTER_THE_CLOSE, NEXT_OPENING, Trader


def shown_position(trader, symbol):
    return position_json(trader.account.positions[symbol], trader.account, trader.broker.market)


def test_buying_power_is_the_multiplied_equity_less_what_is_bound():
    trader = Trader()
    trader.buy(100)

    trader.price(110)

    assert trader.broker.valuation(trader.account).equity == 101_000
    assert trader.buying_power == 2 * 101_000 - 11_000


def test_open_entries_reserve_buying_power_until_they_end(trader):
    order = trader.buy(100, type="limit", limit_price=90)
    reserved = trader.buying_power

    trader.broker.cancel(trader.account, order.id)

    assert reserved == 191_000
    assert trader.buying_power == 200_000


def test_a_short_sale_is_charged_three_per_cent_above_the_market(trader):
    error = trader.refusal("sell", 1950)

    assert error.body["cost_basis"] == "200850"


def test_a_cash_account_has_no_more_than_its_cash():
    trader = Trader(multiplier=Decimal(1))

    assert trader.refusal(qty=1001).body["buying_power"] == "100000"
    assert trader.buy(1000).status == "filled"


def test_the_crypto_fee_is_taken_in_the_coin_on_a_buy_and_in_dollars_on_a_sale():
    trader = Trader({"BTC/USD": 50_000})
    order = trader.buy(1, symbol="BTC/USD", time_in_force="gtc")
    held = trader.held("BTC/USD")

    trader.sell("0.9975", symbol="BTCUSD", time_in_force="gtc")

    assert order.filled_quantity == 1
    assert held == Decimal("0.9975")
    assert trader.held("BTC/USD") == 0
    assert trader.account.cash == 100_000 - 50_000 + Decimal("0.9975") * 50_000 * Decimal("0.9975")


def test_crypto_positions_are_named_without_the_slash_that_orders_have():
    trader = Trader({"BTC/USD": 50_000})

    order = trader.buy(1, symbol="BTC/USD", time_in_force="gtc")

    assert order_json(order)["symbol"] == "BTC/USD"
    assert shown_position(trader, "BTC/USD")["symbol"] == "BTCUSD"


def test_what_fills_change_of_cash_adds_up_to_the_cash(trader):
    trader.buy(10)
    trader.price(105)
    trader.sell(10)

    assert [fill.cash_change for fill in trader.account.fills] == [-1000, 1050]
    assert trader.account.cash == 100_050


def test_positions_show_what_orders_leave_available(trader):
    trader.buy(10)
    trader.sell(4, type="limit", limit_price=120)

    shown = shown_position(trader, "AAPL")

    assert (shown["qty"], shown["qty_available"]) == ("10", "6")


def test_selling_a_part_keeps_the_average_entry_price_of_the_rest(trader):
    trader.buy(10)
    trader.price(120)
    trader.buy(10)
    trader.price(150)

    trader.sell(5)

    shown = shown_position(trader, "AAPL")
    assert (shown["avg_entry_price"], shown["cost_basis"], shown["unrealized_pl"]) == ("110", "1650", "600")


def test_a_short_position_shows_negative_numbers(trader):
    trader.sell(10)
    trader.price(90)

    shown = shown_position(trader, "AAPL")

    assert (shown["side"], shown["qty"], shown["market_value"], shown["cost_basis"]) == (
        "short",
        "-10",
        "-900",
        "-1000",
    )
    assert (shown["unrealized_pl"], shown["unrealized_plpc"]) == ("100", "0.1")


def test_the_account_shows_no_pattern_day_trader_fields_and_numbers_as_strings(trader):
    shown = account_json(trader.account, trader.broker.valuation(trader.account))

    assert not {"daytrade_count", "pattern_day_trader", "daytrading_buying_power"} & shown.keys()
    assert (shown["cash"], shown["buying_power"], shown["equity"]) == ("100000", "200000", "100000")


def test_last_equity_is_the_equity_at_the_end_of_the_day_before(trader):
    trader.buy(100)
    trader.price(110)
    same_day = trader.account.last_equity

    trader.broker.set_clock(NEXT_OPENING)
    trader.price(120)

    assert same_day == 100_000
    assert trader.account.last_equity == 101_000
    assert shown_position(trader, "AAPL")["lastday_price"] == "110"


def test_the_answer_to_a_submission_does_not_yet_show_the_fill(trader):
    order = trader.bracket(10)

    answer, later = submission_json(order), order_json(order, nested=True)

    assert (answer["status"], answer["filled_qty"], answer["filled_at"]) == ("pending_new", "0", None)
    assert [leg["status"] for leg in answer["legs"]] == ["held", "held"]
    assert (later["status"], later["filled_qty"], later["filled_avg_price"]) == ("filled", "10", "100")
    assert [leg["status"] for leg in later["legs"]] == ["new", "new"]


def test_a_day_order_expires_at_the_close(trader):
    order = trader.buy(10, type="limit", limit_price=90)

    trader.broker.set_clock(datetime(2013, 3, 1, 21, tzinfo=UTC))

    assert (order.status, order.ended_at) == ("expired", datetime(2013, 3, 1, 21, tzinfo=UTC))


def test_a_day_order_sent_after_the_close_waits_for_the_next_session(trader):
    trader.broker.set_clock(AFTER_THE_CLOSE)
    order = trader.buy(10)
    waiting = (order.status, submission_json(order)["status"])

    trader.broker.set_clock(NEXT_OPENING)

    assert waiting == ("accepted", "accepted")
    assert order.status == "filled"
    assert order.expires_at == datetime(2013, 3, 4, 21, tzinfo=UTC)


def test_crypto_trades_while_the_exchange_is_closed():
    trader = Trader({"BTC/USD": 50_000})
    trader.broker.set_clock(AFTER_THE_CLOSE)

    assert trader.buy("0.1", symbol="BTC/USD", time_in_force="gtc").status == "filled"


def test_the_clock_can_be_overruled(trader):
    trader.broker.set_clock(AFTER_THE_CLOSE, is_open=True)

    assert trader.buy(10).status == "filled"


@pytest.mark.parametrize(
    ("now", "is_open", "next_open", "next_close"),
    [
        (AFTER_THE_CLOSE, False, "2013-03-04T09:30:00-05:00", "2013-03-04T16:00:00-05:00"),
        (NEXT_OPENING, True, "2013-03-05T09:30:00-05:00", "2013-03-04T16:00:00-05:00"),
        (datetime(2013, 3, 11, 13, 29, tzinfo=UTC), False, "2013-03-11T09:30:00-04:00", None),
    ],
)
def test_the_clock_knows_weekends_and_summer_time(trader, now, is_open, next_open, next_close):
    trader.broker.set_clock(now)

    shown = clock_json(trader.broker.clock)

    assert (shown["is_open"], shown["next_open"]) == (is_open, next_open)
    assert shown["next_close"] == (next_close or "2013-03-11T16:00:00-04:00")
