from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import simulation
from simulation.broker import SimulatedBroker, order_request
from simulation.market.bar_history import DAILY, BarHistory
from simulation.market.bars import load_bars
from tests.simulation.trader import settings

HISTORY = load_bars(Path(simulation.__file__).parent / "data" / "daily_bars_2000-2013.csv.gz")


def bracket(symbol, price, number):
    return order_request(
        {
            "symbol": symbol,
            "side": "buy",
            "qty": "10",
            "type": "market",
            "time_in_force": "gtc",
            "order_class": "bracket",
            "take_profit": {"limit_price": str(round(price * Decimal("1.05"), 2))},
            "stop_loss": {"stop_price": str(round(price * Decimal("0.97"), 2))},
            "client_order_id": f"argo-{number}",
        }
    )


def replayed(history):
    broker = SimulatedBroker.replaying(history, [settings("first"), settings("second", cash=Decimal(10_000))])
    first = broker.accounts["first"]
    for number, step in enumerate(history):
        broker.begin(step)
        broker.finish(step)
        symbol = step.bars[number % len(step.bars)].symbol
        if not first.position(broker.assets.named(symbol)) and not first.open_orders:
            broker.submit(first, bracket(symbol, broker.market.prices[symbol], number))
    return broker


def test_thirteen_years_of_daily_bars_are_played_the_same_twice():
    one, other = replayed(HISTORY), replayed(HISTORY)

    fills = one.accounts["first"].fills
    assert len(fills) > 500
    assert fills == other.accounts["first"].fills
    assert one.clock.now == HISTORY.ends


def test_accounts_do_not_touch_each_other():
    broker = replayed(HISTORY.between(date(2012, 1, 1)))

    assert broker.accounts["second"].cash == 10_000
    assert broker.accounts["second"].orders == {}


def test_an_order_sent_after_a_daily_bar_fills_at_the_next_open():
    history = HISTORY.between(date(2013, 2, 28))
    first, second = history
    broker = SimulatedBroker.replaying(history, [settings()])
    broker.begin(first)
    broker.finish(first)
    order = broker.submit(broker.accounts["key"], bracket("IBM", broker.market.prices["IBM"], 1))

    broker.begin(second)

    opening = next(bar.open for bar in second.bars if bar.symbol == "IBM")
    assert (order.status, order.average_price) == ("filled", opening)
    assert order.ended_at == datetime(2013, 3, 1, 14, 30, tzinfo=UTC)


def test_holidays_are_those_of_the_bar_history():
    broker = SimulatedBroker.replaying(HISTORY.between(date(2013, 1, 1)), [settings()])

    days = [session.day for session in broker.clock.calendar.between(date(2013, 1, 18), date(2013, 1, 22))]

    assert days == [date(2013, 1, 18), date(2013, 1, 22)]


def test_a_live_broker_stands_at_the_last_close_on_the_time_it_is_given():
    now = datetime(2026, 8, 5, 15, tzinfo=UTC)
    broker = SimulatedBroker.live(HISTORY.between(date(2012, 1, 1)), [settings()], lambda: now)

    order = broker.submit(broker.accounts["key"], bracket("IBM", broker.market.prices["IBM"], 1))

    assert broker.clock.now == now
    assert order.average_price == HISTORY.bars[-2].close
    assert broker.market.closed["IBM"][-1].end == datetime(2026, 8, 4, 20, tzinfo=UTC)


def test_a_live_broker_starts_what_waited_when_the_session_opens():
    times = [datetime(2026, 8, 5, 12, tzinfo=UTC)]
    broker = SimulatedBroker.live(HISTORY.between(date(2012, 1, 1)), [settings()], lambda: times[-1])
    order = broker.submit(broker.accounts["key"], bracket("IBM", broker.market.prices["IBM"], 1))
    waiting = order.status

    times.append(datetime(2026, 8, 5, 13, 30, tzinfo=UTC))
    broker.tick()

    assert (waiting, order.status) == ("accepted", "filled")


def test_a_live_broker_can_be_open_at_any_hour():
    midnight = datetime(2026, 8, 9, 4, tzinfo=UTC)
    broker = SimulatedBroker.live(HISTORY, [settings()], lambda: midnight, always_open=True)

    order = broker.submit(broker.accounts["key"], bracket("IBM", broker.market.prices["IBM"], 1))

    assert order.status == "filled"


def test_an_empty_bar_history_is_not_replayed():
    with pytest.raises(ValueError, match="the bar history is empty"):
        SimulatedBroker.replaying(BarHistory([], DAILY), [settings()])


def test_a_live_broker_expires_what_is_due_before_the_price_moves():
    times = [datetime(2026, 8, 5, 15, tzinfo=UTC)]
    history = HISTORY.between(date(2012, 1, 1))
    broker = SimulatedBroker.live(history, [settings()], lambda: times[-1], always_open=True)
    body = {"symbol": "IBM", "side": "buy", "qty": 1, "type": "limit", "limit_price": 10, "time_in_force": "day"}
    order = broker.submit(broker.accounts["key"], order_request(body))

    times.append(datetime(2026, 8, 5, 20, tzinfo=UTC))
    broker.set_price("IBM", Decimal(9))

    assert order.status == "expired"
