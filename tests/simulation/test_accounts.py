from datetime import UTC, datetime
from decimal import Decimal

import pytest

from simulation.broker.views import account_json, clock_json, order_json, position_json, submission_json
from tests.simulation.desk import AFTER_THE_CLOSE, NEXT_OPENING, Desk


def shown_position(desk, symbol):
    return position_json(desk.account.positions[symbol], desk.account, desk.broker.market)


def test_buying_power_is_the_multiplied_equity_less_what_is_bound():
    desk = Desk()
    desk.buy(100)

    desk.price(110)

    assert desk.broker.valuation(desk.account).equity == 101_000
    assert desk.buying_power == 2 * 101_000 - 11_000


def test_open_entries_reserve_buying_power_until_they_end(desk):
    order = desk.buy(100, type="limit", limit_price=90)
    reserved = desk.buying_power

    desk.broker.cancel(desk.account, order.id)

    assert reserved == 191_000
    assert desk.buying_power == 200_000


def test_a_short_sale_is_charged_three_per_cent_above_the_market(desk):
    error = desk.refusal("sell", 1950)

    assert error.body["cost_basis"] == "200850"


def test_a_cash_account_has_no_more_than_its_cash():
    desk = Desk(multiplier=Decimal(1))

    assert desk.refusal(qty=1001).body["buying_power"] == "100000"
    assert desk.buy(1000).status == "filled"


def test_the_crypto_fee_is_taken_in_the_coin_on_a_buy_and_in_dollars_on_a_sale():
    desk = Desk({"BTC/USD": 50_000})
    order = desk.buy(1, symbol="BTC/USD", time_in_force="gtc")
    held = desk.held("BTC/USD")

    desk.sell("0.9975", symbol="BTCUSD", time_in_force="gtc")

    assert order.filled_quantity == 1
    assert held == Decimal("0.9975")
    assert desk.held("BTC/USD") == 0
    assert desk.account.cash == 100_000 - 50_000 + Decimal("0.9975") * 50_000 * Decimal("0.9975")


def test_crypto_positions_are_named_without_the_slash_that_orders_have():
    desk = Desk({"BTC/USD": 50_000})

    order = desk.buy(1, symbol="BTC/USD", time_in_force="gtc")

    assert order_json(order)["symbol"] == "BTC/USD"
    assert shown_position(desk, "BTC/USD")["symbol"] == "BTCUSD"


def test_the_cash_ledger_adds_up_to_the_cash(desk):
    desk.buy(10)
    desk.price(105)
    desk.sell(10)

    assert [entry.amount for entry in desk.account.cash_ledger] == [100_000, -1000, 1050]
    assert desk.account.cash == 100_050


def test_positions_show_what_orders_leave_available(desk):
    desk.buy(10)
    desk.sell(4, type="limit", limit_price=120)

    shown = shown_position(desk, "AAPL")

    assert (shown["qty"], shown["qty_available"]) == ("10", "6")


def test_selling_a_part_keeps_the_average_entry_price_of_the_rest(desk):
    desk.buy(10)
    desk.price(120)
    desk.buy(10)
    desk.price(150)

    desk.sell(5)

    shown = shown_position(desk, "AAPL")
    assert (shown["avg_entry_price"], shown["cost_basis"], shown["unrealized_pl"]) == ("110", "1650", "600")


def test_a_short_position_shows_negative_numbers(desk):
    desk.sell(10)
    desk.price(90)

    shown = shown_position(desk, "AAPL")

    assert (shown["side"], shown["qty"], shown["market_value"], shown["cost_basis"]) == (
        "short",
        "-10",
        "-900",
        "-1000",
    )
    assert (shown["unrealized_pl"], shown["unrealized_plpc"]) == ("100", "0.1")


def test_the_account_shows_no_pattern_day_trader_fields_and_numbers_as_strings(desk):
    shown = account_json(desk.account, desk.broker.valuation(desk.account))

    assert not {"daytrade_count", "pattern_day_trader", "daytrading_buying_power"} & shown.keys()
    assert (shown["cash"], shown["buying_power"], shown["equity"]) == ("100000", "200000", "100000")


def test_last_equity_is_the_equity_at_the_end_of_the_day_before(desk):
    desk.buy(100)
    desk.price(110)
    same_day = desk.account.last_equity

    desk.broker.set_clock(NEXT_OPENING)
    desk.price(120)

    assert same_day == 100_000
    assert desk.account.last_equity == 101_000
    assert shown_position(desk, "AAPL")["lastday_price"] == "110"


def test_the_answer_to_a_submission_does_not_yet_show_the_fill(desk):
    order = desk.bracket(10)

    answer, later = submission_json(order), order_json(order, nested=True)

    assert (answer["status"], answer["filled_qty"], answer["filled_at"]) == ("pending_new", "0", None)
    assert [leg["status"] for leg in answer["legs"]] == ["held", "held"]
    assert (later["status"], later["filled_qty"], later["filled_avg_price"]) == ("filled", "10", "100")
    assert [leg["status"] for leg in later["legs"]] == ["new", "new"]


def test_a_day_order_expires_at_the_close(desk):
    order = desk.buy(10, type="limit", limit_price=90)

    desk.broker.set_clock(datetime(2013, 3, 1, 21, tzinfo=UTC))

    assert (order.status, order.ended_at) == ("expired", datetime(2013, 3, 1, 21, tzinfo=UTC))


def test_a_day_order_sent_after_the_close_waits_for_the_next_session(desk):
    desk.broker.set_clock(AFTER_THE_CLOSE)
    order = desk.buy(10)
    waiting = (order.status, submission_json(order)["status"])

    desk.broker.set_clock(NEXT_OPENING)

    assert waiting == ("accepted", "accepted")
    assert order.status == "filled"
    assert order.expires_at == datetime(2013, 3, 4, 21, tzinfo=UTC)


def test_crypto_trades_while_the_exchange_is_closed():
    desk = Desk({"BTC/USD": 50_000})
    desk.broker.set_clock(AFTER_THE_CLOSE)

    assert desk.buy("0.1", symbol="BTC/USD", time_in_force="gtc").status == "filled"


def test_the_clock_can_be_overruled(desk):
    desk.broker.set_clock(AFTER_THE_CLOSE, is_open=True)

    assert desk.buy(10).status == "filled"


@pytest.mark.parametrize(
    ("now", "is_open", "next_open", "next_close"),
    [
        (AFTER_THE_CLOSE, False, "2013-03-04T09:30:00-05:00", "2013-03-04T16:00:00-05:00"),
        (NEXT_OPENING, True, "2013-03-05T09:30:00-05:00", "2013-03-04T16:00:00-05:00"),
        (datetime(2013, 3, 11, 13, 29, tzinfo=UTC), False, "2013-03-11T09:30:00-04:00", None),
    ],
)
def test_the_clock_knows_weekends_and_summer_time(desk, now, is_open, next_open, next_close):
    desk.broker.set_clock(now)

    shown = clock_json(desk.broker.clock)

    assert (shown["is_open"], shown["next_open"]) == (is_open, next_open)
    assert shown["next_close"] == (next_close or "2013-03-11T16:00:00-04:00")
