"""Match resting orders against a moving price."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from simulation.broker.account import Account, Fill
from simulation.broker.market import Market
from simulation.broker.money import ZERO
from simulation.broker.orders import Order
from simulation.broker.terms import OrderStatus, TimeInForce
from simulation.market.sessions import MarketClock


class Exchange:
    """The order book of every symbol; each fill is booked into the account that its order's key id names.

    Whatever moves a price either jumps there (nothing trades in between, so an order that is passed over
    fills at the new price, a stop worse than its own) or walks there (each order on the way fills at its
    own price, in the order the price meets them, the older first).
    """

    def __init__(
        self,
        clock: MarketClock,
        market: Market,
        accounts: Mapping[str, Account],
        fill_limits: Mapping[str, Decimal],
    ) -> None:
        self._clock = clock
        self._market = market
        self._accounts = accounts
        self._fill_limits = fill_limits
        self._books: dict[str, list[Order]] = {}
        self._waiting: list[Order] = []

    def place(self, order: Order, *legs: Order) -> None:
        """Take an order, and legs that are new as well; fill it at once if it is marketable."""
        self._books.setdefault(order.symbol, []).extend((order, *legs))
        self._waiting += (each for each in (order, *legs) if each.status is OrderStatus.ACCEPTED)
        self.match(order.symbol)
        if order.time_in_force is TimeInForce.IOC and order.is_open and order.coming_end is None:
            order.cancel_group(self._clock.now)

    def jump(self, symbol: str, price: Decimal) -> None:
        self._market.trade(symbol, price, self._clock.now)
        self.match(symbol)

    def walk(self, symbol: str, target: Decimal) -> None:
        """Move the price of a symbol to a target through everything in between."""
        while (level := self._next_level(symbol, target)) is not None:
            self.jump(symbol, level)
        self.jump(symbol, target)

    def meets(self, symbol: str, prices: Iterable[Decimal]) -> bool:
        """Say whether the price, on its way through these, comes to where an order acts.

        An order acts at every price on one side of its level: if it acts on the way, it does at one of the ends.
        """
        way = (self._market.prices[symbol], *prices)
        ends = min(way), max(way)
        working = (order for order in self._books.get(symbol, ()) if order.is_working)
        return any(order.acts_at(end) for order in working for end in ends)

    def match(self, symbol: str) -> None:
        """Fill, at the last price, every order of a symbol that trades there."""
        if symbol not in self._books:
            return
        price = self._market.prices[symbol]
        while (order := self._first_trading_at(symbol, price)) is not None:
            if order.awaits_stop:
                order.triggered = True
            else:
                self._fill(order, price)

    def start_waiting(self) -> Iterable[str]:
        """Let orders that waited for the session work, and return their symbols."""
        self._waiting = [order for order in self._waiting if order.status is OrderStatus.ACCEPTED]
        starting = [order for order in self._waiting if order.coming_end is None and self._may_trade(order)]
        for order in starting:
            order.begin(self._clock.now, self._accounts[order.key_id].behaviour)
        return sorted({order.symbol for order in starting})

    def _first_trading_at(self, symbol: str, price: Decimal) -> Order | None:
        acting = (order for order in self._working(symbol) if order.acts_at(price))
        return next((order for order in acting if self._may_fill(order, price)), None)

    def _next_level(self, symbol: str, target: Decimal) -> Decimal | None:
        price = self._market.prices[symbol]
        lowest, highest = min(price, target), max(price, target)
        levels = [
            level
            for order in self._working(symbol)
            if (level := order.level) is not None and lowest <= level <= highest and self._may_fill(order, price)
        ]
        return min(levels, key=lambda level: abs(level - price), default=None)

    def _working(self, symbol: str) -> list[Order]:
        book = [order for order in self._books.pop(symbol, ()) if order.is_open]
        if book:
            self._books[symbol] = book
        return [order for order in book if order.is_working]

    def _fill(self, order: Order, price: Decimal) -> None:
        quantity = self._obtainable(order, price)
        fill = Fill(
            order_id=order.id,
            client_order_id=order.client_order_id,
            asset=order.asset,
            side=order.side,
            quantity=quantity,
            price=price,
            at=self._clock.now,
        )
        account = self._accounts[order.key_id]
        account.book(fill)
        order.fill(quantity, price, fill.at, account.behaviour)

    def _may_fill(self, order: Order, price: Decimal) -> bool:
        return self._may_trade(order) and self._obtainable(order, price) > 0

    def _obtainable(self, order: Order, price: Decimal) -> Decimal:
        wanted = order.remaining(price)
        if (limit := self._fill_limits.get(order.client_order_id)) is not None:
            wanted = min(wanted, limit - order.filled_quantity)
        return max(wanted, ZERO)

    def _may_trade(self, order: Order) -> bool:
        is_over = order.coming_end is not None and order.coming_end.at <= self._clock.now
        return not is_over and (order.asset.is_crypto or self._clock.is_open)
