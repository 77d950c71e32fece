"""Keep one account: its cash, positions and the fills that make them, orders and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from itertools import islice, takewhile
from typing import NamedTuple

from simulation.broker.assets import Asset
from simulation.broker.behaviour import Behaviour
from simulation.broker.identifiers import derived_id
from simulation.broker.money import ZERO, nine_places
from simulation.broker.orders import Order
from simulation.broker.terms import TERMINAL, OrderStatus, Side

_TAKES_NOTHING = TERMINAL | {OrderStatus.HELD}

CRYPTO_FEE = Decimal("0.0025")
"""Share of a crypto fill that Alpaca keeps from a taker, in what the fill brings in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """How an account starts: `cash` in USD; `multiplier` 2 is margin, 1 is cash only."""

    key_id: str
    secret_key: str
    other_keys: Mapping[str, str] = field(default_factory=dict)
    """Secrets of its other keys, by key id: at Alpaca an account may have been given several."""
    cash: Decimal = Decimal(100_000)
    multiplier: Decimal = Decimal(2)
    shorting_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: quantity in shares or coins, price in USD, and when (UTC).

    What it changes of cash (USD) and position (signed) is less by a coin's fee: a buy pays it in the coin, a sale
    in USD.
    """

    order_id: str
    client_order_id: str
    asset: Asset
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime

    @property
    def fee_in_coin(self) -> Decimal:
        fee = nine_places(self.quantity * CRYPTO_FEE, ROUND_UP)
        return fee if self.asset.is_crypto and self.side is Side.BUY else ZERO

    @property
    def fee_in_usd(self) -> Decimal:
        return self.quantity * self.price * CRYPTO_FEE if self.asset.is_crypto and self.side is Side.SELL else ZERO

    @property
    def cash_change(self) -> Decimal:
        return -self.side.sign * self.quantity * self.price - self.fee_in_usd

    @property
    def position_change(self) -> Decimal:
        return self.side.sign * self.quantity - self.fee_in_coin


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds of one asset: `quantity` is negative when short, and so is `cost` (USD)."""

    asset: Asset
    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def average_entry_price(self) -> Decimal:
        return self.cost / self.quantity

    def after(self, change: Decimal, price: Decimal) -> "Position":
        """Add a signed quantity at a price; a change past zero opens the other side at that price."""
        kept = self.quantity + change
        if self.quantity * change >= 0:
            return Position(self.asset, kept, self.cost + change * price)
        crosses = kept * self.quantity < 0
        return Position(self.asset, kept, kept * (price if crosses else self.average_entry_price))


class Valuation(NamedTuple):
    """An account's figures in USD; `short_market_value` is negative."""

    equity: Decimal
    long_market_value: Decimal
    short_market_value: Decimal
    initial_margin: Decimal
    buying_power: Decimal
    non_marginable_buying_power: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersQuery:
    """Which orders are asked for, as in `GET /v2/orders`.

    `after` and `until` bound the time of submission, both excluded. Nested, legs are shown inside their parents
    only; so an open leg of a filled entry is not among the open orders.
    """

    status: str = "open"
    limit: int | None = 50
    after: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    nested: bool = False
    symbols: frozenset[str] = frozenset()
    side: Side | None = None

    def asks_for(self, order: Order) -> bool:
        return (
            not (self.nested and order.parent is not None)
            and (self.status == "all" or order.is_open == (self.status == "open"))
            and (self.side is None or order.side is self.side)
            and (not self.symbols or not self.symbols.isdisjoint((order.symbol, order.asset.position_symbol)))
            and self.is_young_enough(order)
            and (self.until is None or order.created_at < self.until)
        )

    def is_young_enough(self, order: Order) -> bool:
        return self.after is None or order.created_at > self.after


class Account:
    """One account's books; flags and behaviour may be set at any time and work from the next order on.

    Attributes:
        key_id: the key that names it in requests.
        cash: USD, negative when borrowed; includes the proceeds of short sales.
    """

    def __init__(self, settings: AccountSettings, opened_at: datetime) -> None:
        self.settings = settings
        self.key_id = settings.key_id
        self.id = derived_id("account", settings.key_id)
        self.opened_at = opened_at
        self.status = "ACTIVE"
        self.trading_blocked = False
        self.account_blocked = False
        self.trade_suspended_by_user = False
        self.behaviour = Behaviour()
        self.positions: dict[str, Position] = {}
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.cash = settings.cash
        self.last_equity = settings.cash
        self._by_client_id: dict[str, Order] = {}
        self._open: list[Order] = []

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Orders that something may still become of, oldest first."""
        self._open = [order for order in self._open if order.is_open]
        return tuple(self._open)

    def ending(self, now: datetime) -> list[Order]:
        """Return the orders whose end is coming, or whose time is over."""
        return [
            order
            for order in self._open
            if order.coming_end is not None or (order.expires_at is not None and order.expires_at <= now)
        ]

    def add(self, order: Order) -> None:
        self.orders[order.id] = order
        self._by_client_id[order.client_order_id] = order
        self._open.append(order)

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        return self._by_client_id.get(client_order_id)

    def listed(self, query: OrdersQuery) -> list[Order]:
        """Return the orders asked for, newest first unless ascending; of one moment, in order of entry."""
        entered = self.open_orders if query.status == "open" else self.orders.values()
        # Newest first, those behind the first that is too old are older still.
        orders = entered if query.ascending else takewhile(query.is_young_enough, reversed(entered))
        return list(islice(filter(query.asks_for, orders), query.limit))

    def position(self, asset: Asset) -> Decimal:
        held = self.positions.get(asset.symbol)
        return held.quantity if held else ZERO

    def held_for_orders(self, asset: Asset) -> Decimal:
        """Return how much of a position open closing orders will take; two rival legs take it once."""
        by_group: dict[str, Decimal] = {}
        for order in self._open:
            if order.opening or order.status in _TAKES_NOTHING or order.asset.symbol != asset.symbol:
                continue
            group, remaining = order.root.id, order.remaining(order.reserve_price)
            by_group[group] = max(remaining, by_group.get(group, ZERO))
        return sum(by_group.values(), ZERO)

    def available(self, position: Position) -> Decimal:
        """Return how much of a position no open order will take, signed as it is."""
        free = max(abs(position.quantity) - self.held_for_orders(position.asset), ZERO)
        return free.copy_sign(position.quantity)

    def value(self, prices: Mapping[str, Decimal]) -> Valuation:
        """Value it at the market's prices, one for every held symbol, and say what it may still spend.

        Stocks bind their value divided by the multiplier, coins all of it. Buying power is what is left of the
        equity, times the multiplier, less what open opening orders will cost. Non-marginable buying power is
        the same without the multiplier, and never more than the cash.
        """
        multiplier = self.settings.multiplier
        long = short = margin = ZERO
        for symbol, position in self.positions.items():
            worth = position.quantity * prices[symbol]
            long += max(worth, ZERO)
            short += min(worth, ZERO)
            margin += abs(worth) / (1 if position.asset.is_crypto else multiplier)
        equity = self.cash + long + short
        reserved = sum((order.reserved for order in self.open_orders), ZERO)
        buying_power = max((equity - margin) * multiplier - reserved, ZERO)
        return Valuation(
            equity=equity,
            long_market_value=long,
            short_market_value=short,
            initial_margin=margin,
            buying_power=buying_power,
            non_marginable_buying_power=max(min(self.cash - reserved, buying_power / multiplier), ZERO),
        )

    def as_of(self, at: datetime) -> "Account":
        """Return it with the orders and positions that it had at a moment; all else is not filled in."""
        seen = Account(self.settings, self.opened_at)
        copies = {order.id: replace(then) for order in self.orders.values() if (then := order.as_of(at))}
        for copy in copies.values():
            copy.parent = copies.get(copy.parent.id) if copy.parent else None
            copy.legs = [copies[leg.id] for leg in copy.legs if leg.id in copies]
            for leg in copy.legs:
                leg.parent = copy
            seen.add(copy)
        for fill in self.fills:
            if fill.at <= at:
                seen.book(fill)
        return seen

    def book(self, fill: Fill) -> None:
        self.fills.append(fill)
        self.cash += fill.cash_change
        before = self.positions.get(fill.asset.symbol, Position(fill.asset))
        self.positions[fill.asset.symbol] = position = before.after(fill.position_change, fill.price)
        if position.quantity == 0:
            del self.positions[fill.asset.symbol]
