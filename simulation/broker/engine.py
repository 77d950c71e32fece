"""The simulated broker: accounts, orders and a market that is driven from outside."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from simulation.broker.account import Account, AccountSettings
from simulation.broker.assets import AssetList
from simulation.broker.clock import MarketClock
from simulation.broker.errors import invalid, not_found, unauthorised
from simulation.broker.exchange import Exchange
from simulation.broker.groups import cancel_group
from simulation.broker.intake import accept, closing_request
from simulation.broker.liquidity import Liquidity
from simulation.broker.market import Market, path
from simulation.broker.orders import Order, OrderRequest, OrderStatus
from simulation.broker.positions import Fill, Position
from simulation.broker.valuation import Valuation, value
from simulation.sessions import TradingCalendar, exchange_date
from simulation.tape import Step, Tape
from simulation.timeframe import MINUTE

_JUST_NOW = timedelta()


class SimulatedBroker:
    """Alpaca's behaviour without Alpaca: deterministic, synchronous, told what time it is.

    A replay calls `begin` and `finish` for each step of a tape. Between the two the market stands at the
    bar's open, after `finish` at its close. Without a tape, `set_clock` and `set_price` do the same by hand.
    Not safe for threads: drive it from the thread that serves it (`server.BackgroundServer.call`).

    Attributes:
        clock, market, assets: what every account sees.
        liquidity: holds fills back, for partial fills.
    """

    def __init__(
        self,
        accounts: Iterable[AccountSettings],
        *,
        starts_at: datetime,
        tape: Tape | None = None,
        clock: MarketClock | None = None,
        symbols: Iterable[str] = (),
    ) -> None:
        calendar = tape.calendar() if tape else TradingCalendar()
        self.clock = clock or MarketClock(calendar, starts_at)
        self.market = Market(tape.timeframe if tape else MINUTE)
        self.assets = AssetList()
        self.liquidity = Liquidity()
        self.accounts = {settings.key_id: Account(settings, starts_at) for settings in accounts}
        self._exchange = Exchange(self.clock, self.market, self.liquidity, self._settle)
        self._day = exchange_date(self.clock.now)
        self._running: Step | None = None
        for symbol in (*(tape.symbols if tape else ()), *symbols):
            self.assets.add(symbol)

    @classmethod
    def replaying(cls, tape: Tape, accounts: Iterable[AccountSettings]) -> Self:
        """Make a broker that stands before the first step of a tape.

        Raises:
            ValueError: the tape holds no bars.
        """
        first = next(iter(tape), None)
        if first is None:
            raise ValueError("the tape is empty")
        return cls(accounts, starts_at=first.start, tape=tape)

    @classmethod
    def live(
        cls,
        tape: Tape,
        accounts: Iterable[AccountSettings],
        now: Callable[[], datetime],
        *,
        always_open: bool = False,
        closed_since: timedelta = _JUST_NOW,
    ) -> Self:
        """Make a broker on real time, the tape moved so that its last bar has been closed for some time.

        Prices stay at the last closes until `set_price`, or `begin` and `finish`, move them.
        """
        started = now()
        moved = tape.ending_at(started - closed_since)
        clock = MarketClock(moved.calendar(), started, now=now, always_open=always_open)
        broker = cls(accounts, starts_at=started, tape=moved, clock=clock)
        broker.market.preload(moved)
        broker.market.end_day()
        return broker

    def begin(self, step: Step) -> None:
        """Open the step's bars: the clock at their start, prices jump to their opens.

        Raises:
            ValueError: the step before it is not finished, or lies after it.
        """
        if self._running is not None:
            raise ValueError(f"the step of {self._running.start} is not finished")
        self._running = step
        self._advance(step.start)
        for bar in step.bars:
            self.assets.add(bar.symbol)
            self.market.open_bar(bar)
        self._exchange.start_waiting()
        for bar in step.bars:
            self._exchange.match(bar.symbol)

    def finish(self, step: Step) -> None:
        """Walk the rest of the step's bars along `market.path`, then set the clock to their end.

        The three stretches of the path take a quarter of the bar each, so that fills of one bar have an
        order in time.

        Raises:
            ValueError: the step was not begun.
        """
        if self._running is not step:
            raise ValueError(f"the step of {step.start} was not begun")
        self._running = None
        quarter = (step.end - step.start) / 4
        for stretch in range(3):
            self.clock.advance(step.start + (stretch + 1) * quarter)
            for bar in step.bars:
                self._exchange.walk(bar.symbol, path(bar)[stretch])
        for bar in step.bars:
            self.market.close_bar(bar)
        self._advance(step.end)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the price of a symbol jump; orders it passes fill at the new price."""
        self.assets.add(symbol)
        self._exchange.jump(symbol, price)

    def set_clock(self, now: datetime, *, is_open: bool | None = None) -> None:
        """Set the time; `is_open` overrules the calendar until the clock moves on."""
        self._advance(now, is_open=is_open)

    def tick(self) -> None:
        """Catch up with the clock: expire, change the day, start what waited for the session."""
        now = self.clock.now
        for account in self.accounts.values():
            for order in account.open_orders:
                if order.expires_at is not None and order.expires_at <= now:
                    order.end(OrderStatus.EXPIRED, now)
        if exchange_date(now) != self._day:
            self._day = exchange_date(now)
            self.market.end_day()
            for account in self.accounts.values():
                account.last_equity = self.valuation(account).equity
        if self._running is None:
            for symbol in self._exchange.start_waiting():
                self._exchange.match(symbol)

    def authenticate(self, key_id: str, secret_key: str) -> Account:
        """Return the account of a key.

        Raises:
            BrokerError: 401, there is no such key or the secret is another.
        """
        account = self.accounts.get(key_id)
        if account is None or account.settings.secret_key != secret_key:
            raise unauthorised()
        return account

    def valuation(self, account: Account) -> Valuation:
        """Value an account at the last prices."""
        return value(account, self.market.prices)

    def submit(self, account: Account, request: OrderRequest) -> Order:
        """Place an order; a marketable one has filled when this returns.

        Raises:
            BrokerError: it is refused.
        """
        asset = self.assets.named(request.symbol)
        order = accept(request, account, asset, self.market, self.clock)
        self._exchange.place(order)
        return order

    def order(self, account: Account, order_id: str) -> Order:
        """Return an order of an account.

        Raises:
            BrokerError: 404, it has no such order.
        """
        found = account.orders.get(order_id)
        if found is None:
            raise not_found(f"order not found for {order_id}")
        return found

    def order_by_client_id(self, account: Account, client_order_id: str) -> Order:
        """Return the order that was sent with a client order id.

        Raises:
            BrokerError: 404, none was.
        """
        found = account.order_by_client_id(client_order_id)
        if found is None:
            raise not_found(f"order not found for {client_order_id}")
        return found

    def cancel(self, account: Account, order_id: str) -> None:
        """Cancel an order and the rest of its group, at once.

        Raises:
            BrokerError: 404, no such order; 422, it is over.
        """
        order = self.order(account, order_id)
        if not order.is_open:
            raise invalid(f'order is already in "{order.status}" state')
        cancel_group(order, self.clock.now)

    def cancel_all(self, account: Account) -> list[Order]:
        """Cancel every open order of an account and return them."""
        orders = account.open_orders
        for order in orders:
            if order.is_open:
                cancel_group(order, self.clock.now)
        return list(orders)

    def position(self, account: Account, name: str) -> Position:
        """Return what an account holds of a symbol, in either form, or asset id.

        Raises:
            BrokerError: 404, nothing.
        """
        asset = self.assets.find(name)
        held = account.positions.get(asset.symbol) if asset else None
        if held is None:
            raise not_found("position does not exist")
        return held

    def close_position(self, account: Account, name: str, quantity: Decimal | None = None) -> Order:
        """Send the market order that closes a position, or a quantity of it.

        Raises:
            BrokerError: 404, nothing is held; 403, open orders hold it.
        """
        held = self.position(account, name)
        return self.submit(account, closing_request(held, quantity or abs(held.quantity)))

    def _advance(self, to: datetime, *, is_open: bool | None = None) -> None:
        self.clock.advance(to, is_open=is_open)
        self.tick()

    def _settle(self, key_id: str, fill: Fill) -> None:
        self.accounts[key_id].book(fill)
