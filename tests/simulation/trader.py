"""A trader's view of a simulated broker: one account, an open market, short words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulation.broker import (
    AccountSettings,
    Behaviour,
    BrokerError,
    Order,
    SimulatedBroker,
    order_changes,
    order_request,
)
from simulation.market.bar_history import Bar, Step

TEN_O_CLOCK = datetime(2013, 3, 1, 15, tzinfo=UTC)
AFTER_THE_CLOSE = datetime(2013, 3, 1, 21, 30, tzinfo=UTC)
NEXT_OPENING = datetime(2013, 3, 4, 14, 30, tzinfo=UTC)
KEYS = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "secret"}


def settings(key_id: str = "key", **changes: object) -> AccountSettings:
    return AccountSettings(key_id=key_id, secret_key="secret", **changes)


def minute_step(number: int, *ohlc: float | str, symbol: str = "AAPL") -> Step:
    start = TEN_O_CLOCK + timedelta(minutes=number)
    end = start + timedelta(minutes=1)
    bar = Bar(symbol, start, end, *(Decimal(str(price)) for price in ohlc), volume=Decimal(1000))
    return Step(start, end, (bar,))


class Trader:
    def __init__(self, prices: Mapping[str, object] | None = None, **changes: object) -> None:
        self.broker = SimulatedBroker([settings(**changes)], starts_at=TEN_O_CLOCK)
        self.account = self.broker.accounts["key"]
        self.minute = 0
        for symbol, price in (prices or {"AAPL": 100}).items():
            self.price(price, symbol)

    def price(self, price: object, symbol: str = "AAPL") -> None:
        self.broker.set_price(symbol, Decimal(str(price)))

    def bar(self, *ohlc: float | str, symbol: str = "AAPL") -> None:
        step = minute_step(self.minute, *ohlc, symbol=symbol)
        self.minute += 1
        self.broker.begin(step)
        self.broker.finish(step)

    def send(self, side: str, qty: object = 10, **terms: object) -> Order:
        body = {"symbol": "AAPL", "side": side, "qty": qty, "type": "market", "time_in_force": "day"} | terms
        return self.broker.submit(self.account, order_request(body))

    def buy(self, qty: object = 10, **terms: object) -> Order:
        return self.send("buy", qty, **terms)

    def sell(self, qty: object = 10, **terms: object) -> Order:
        return self.send("sell", qty, **terms)

    def bracket(self, qty: object = 10, *, target: object = 110, stop: object = 95, **terms: object) -> Order:
        exits = {"take_profit": {"limit_price": target}, "stop_loss": {"stop_price": stop}}
        return self.buy(qty, order_class="bracket", time_in_force="gtc", **exits, **terms)

    def oco(self, qty: object = 10, *, target: object = 110, stop: object = 95, **terms: object) -> Order:
        exits = {"take_profit": {"limit_price": target}, "stop_loss": {"stop_price": stop}}
        return self.sell(qty, type="limit", time_in_force="gtc", order_class="oco", **exits, **terms)

    def replace(self, order: Order, **body: object) -> Order:
        return self.broker.replace(self.account, order.id, order_changes(body))

    def cancel(self, order: Order) -> None:
        self.broker.cancel(self.account, order.id)

    def behave(self, **behaviour: object) -> None:
        self.account.behaviour = Behaviour(**behaviour)

    def wait(self, seconds: float) -> None:
        self.broker.set_clock(self.broker.clock.now + timedelta(seconds=seconds))
        self.minute = -((TEN_O_CLOCK - self.broker.clock.now) // timedelta(minutes=1))

    def refusal(self, side: str = "buy", qty: object = 10, **terms: object) -> BrokerError:
        with pytest.raises(BrokerError) as refused:
            self.send(side, qty, **terms)
        return refused.value

    def held(self, symbol: str = "AAPL") -> Decimal:
        return self.account.position(self.broker.assets.add(symbol))

    @property
    def buying_power(self) -> Decimal:
        return self.broker.valuation(self.account).buying_power
