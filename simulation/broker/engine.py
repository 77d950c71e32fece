"""The simulated broker: accounts, what they may ask for, and a market that is driven from outside."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from simulation.broker.account import Account, AccountSettings, Position, Valuation
from simulation.broker.assets import AssetList
from simulation.broker.errors import invalid, not_found
from simulation.broker.exchange import Exchange
from simulation.broker.intake import accept, replacement
from simulation.broker.market import Market, path
from simulation.broker.orders import Order
from simulation.broker.rules import RULES, Rule, unused_id
from simulation.broker.terms import Changes, OrderRequest, OrderStatus, Side, TimeInForce
from simulation.market.bar_history import MINUTE, BarHistory, Step
from simulation.market.sessions import MarketClock, next_date

_NO_BARS = BarHistory((), MINUTE)


class SimulatedBroker:
    """Alpaca's behaviour without Alpaca: deterministic, synchronous, told what time it is.

    A replay calls `begin` and `finish` for each step of a bar history. Between the two the price is the
    bar's open, after `finish` its close. Without bars, `set_clock` and `set_price` do the same by hand.
    Not safe for threads: drive it from the thread that serves it (`server.BackgroundServer.call`).

    Attributes:
        clock, market, assets: what every account sees.
        fill_limits: the most that orders fill in total (shares or coins), by client order id: for partial fills.
        accounts: by key id.
    """

    def __init__(
        self,
        accounts: Iterable[AccountSettings],
        *,
        starts_at: datetime,
        history: BarHistory = _NO_BARS,
        clock: MarketClock | None = None,
        symbols: Iterable[str] = (),
    ) -> None:
        self.clock = clock or MarketClock(history.calendar(), starts_at)
        self.market = Market(history.timeframe)
        self.assets = AssetList()
        self.fill_limits: dict[str, Decimal] = {}
        self.accounts = {settings.key_id: Account(settings, starts_at) for settings in accounts}
        self._exchange = Exchange(self.clock, self.market, self.accounts, self.fill_limits)
        self._day_ends = next_date(self.clock.now)
        self._running: Step | None = None
        for symbol in (*history.symbols, *symbols):
            self.assets.add(symbol)

    @classmethod
    def replaying(cls, history: BarHistory, accounts: Iterable[AccountSettings]) -> Self:
        """Make a broker before the first step of a bar history.

        Raises:
            ValueError: the bar history holds no bars.
        """
        first = next(iter(history), None)
        if first is None:
            raise ValueError("the bar history is empty")
        return cls(accounts, starts_at=first.start, history=history)

    @classmethod
    def live(
        cls,
        history: BarHistory,
        accounts: Iterable[AccountSettings],
        now: Callable[[], datetime],
        *,
        always_open: bool = False,
        closed_since: timedelta = timedelta(),
    ) -> Self:
        """Make a broker on real time, the bar history moved so that its last bar has been closed for some time.

        Prices stay at the last closes until `set_price`, or `begin` and `finish`, move them.
        """
        started = now()
        moved = history.ending_at(started - closed_since)
        clock = MarketClock(moved.calendar(), started, now=now, always_open=always_open)
        broker = cls(accounts, starts_at=started, history=moved, clock=clock)
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
        self.set_clock(step.start)
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
        paths = [(bar.symbol, path(bar)) for bar in step.bars]
        met = [(symbol, prices) for symbol, prices in paths if self._exchange.meets(symbol, prices)]
        quarter = (step.end - step.start) / 4
        for stretch in range(3 if met else 0):
            self.clock.advance(step.start + (stretch + 1) * quarter)
            for symbol, prices in met:
                self._exchange.walk(symbol, prices[stretch])
        for bar in step.bars:
            self.market.close_bar(bar)
        self.set_clock(step.end)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let a price jump; orders it passes fill at the new price."""
        self.tick()
        self.assets.add(symbol)
        self._exchange.jump(symbol, price)

    def set_clock(self, now: datetime, *, is_open: bool | None = None) -> None:
        """Set the time; `is_open` overrules the calendar until the clock moves on."""
        self.clock.advance(now, is_open=is_open)
        self.tick()

    def tick(self) -> None:
        """Catch up with the clock: end what is due, change the day, start what waited for the session."""
        now = self.clock.now
        for account in self.accounts.values():
            for order in account.ending(now):
                if order.is_open:
                    order.lapse(now)
        if now >= self._day_ends:
            self._day_ends = next_date(now)
            self.market.end_day()
            for account in self.accounts.values():
                account.last_equity = self.valuation(account).equity
        if self._running is None:
            for symbol in self._exchange.start_waiting():
                self._exchange.match(symbol)

    def valuation(self, account: Account) -> Valuation:
        return account.value(self.market.prices)

    def submit(self, account: Account, request: OrderRequest, *, rules: Iterable[Rule] = RULES) -> Order:
        """Place an order that the rules let pass; a marketable one has filled when this returns.

        Raises:
            BrokerError: it is refused.
        """
        asset = self.assets.named(request.symbol)
        order = accept(request, account, asset, self.market, self.clock, rules=rules)
        self._exchange.place(order, *order.legs)
        return order

    def replace(self, account: Account, order_id: str, changes: Changes) -> Order:
        """Put an order with other terms into the place of an open one and return it.

        Raises:
            BrokerError: 404, no such order; else it is refused and the open one stands.
        """
        old = self.order(account, order_id)
        new = replacement(old, changes, account, self.market, self.clock)
        self._exchange.place(new)
        return new

    def trade_by_hand(self, account: Account, request: OrderRequest, *, cancels_exits: bool = False) -> Order:
        """Trade as a person at the broker does who overrules its checks: also what open orders hold.

        Only the client order id is checked; where none is given, it begins with `manual-`. What legs would sell
        later of shares that are gone then opens the opposite position. `cancels_exits` cancels what rests against
        the position first, with its groups.

        Raises:
            BrokerError: 422, the client order id was used before, or there is no such asset.
        """
        asset = self.assets.named(request.symbol)
        if cancels_exits:
            for order in account.open_orders:
                if order.symbol == asset.symbol and order.is_working and not order.opening:
                    order.cancel_group(self.clock.now)
        named = request.client_order_id or f"manual-{len(account.orders)}"
        return self.submit(account, replace(request, client_order_id=named), rules=[unused_id])

    def seen_orders(self, account: Account) -> Account:
        """Return the account with the orders that it is shown: older ones, where its view lags."""
        return self._seen(account, account.behaviour.orders_lag)

    def seen_positions(self, account: Account) -> Account:
        return self._seen(account, account.behaviour.positions_lag)

    def _seen(self, account: Account, lag: timedelta) -> Account:
        now, lags_until = self.clock.now, account.behaviour.lags_until
        is_over = lags_until is not None and lags_until <= now
        return account.as_of(now - lag) if lag and not is_over else account

    def order(self, account: Account, order_id: str) -> Order:
        """Return an order of an account.

        Raises:
            BrokerError: 404, it has no such order.
        """
        return _found(account.orders.get(order_id), order_id)

    def order_by_client_id(self, account: Account, client_order_id: str) -> Order:
        """Return the order that was sent with a client order id.

        Raises:
            BrokerError: 404, none was.
        """
        return _found(account.order_by_client_id(client_order_id), client_order_id)

    def cancel(self, account: Account, order_id: str) -> None:
        """Cancel an order and the rest of its group: at once, or as the account's behaviour says.

        Raises:
            BrokerError: 404, no such order; 422, it is over or its cancellation is under way.
        """
        order = self.order(account, order_id)
        if not order.is_open or order.status is OrderStatus.PENDING_CANCEL:
            raise invalid(f'order is already in "{order.status}" state')
        order.request_cancel(self.clock.now, account.behaviour)

    def cancel_all(self, account: Account) -> list[Order]:
        orders = account.open_orders
        for order in orders:
            if order.is_open:
                order.request_cancel(self.clock.now, account.behaviour)
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
        request = OrderRequest(
            symbol=held.asset.symbol,
            side=Side.SELL if held.quantity > 0 else Side.BUY,
            time_in_force=TimeInForce.GTC if held.asset.is_crypto else TimeInForce.DAY,
            quantity=quantity or abs(held.quantity),
        )
        return self.submit(account, request)


def _found(order: Order | None, name: str) -> Order:
    if order is None:
        raise not_found(f"order not found for {name}")
    return order
