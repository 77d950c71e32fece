"""Keep one account: its cash, positions, orders and flags."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from simulation.broker.assets import Asset
from simulation.broker.behaviour import Behaviour
from simulation.broker.identifiers import derived_id
from simulation.broker.money import ZERO
from simulation.broker.orders import TERMINAL, Order, OrderStatus
from simulation.broker.positions import Fill, Position

_TAKES_NOTHING = TERMINAL | {OrderStatus.HELD}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """How an account starts: `cash` in USD; `multiplier` 2 is margin, 1 is cash only."""

    key_id: str
    secret_key: str
    cash: Decimal = Decimal(100_000)
    multiplier: Decimal = Decimal(2)
    shorting_enabled: bool = True


class CashEntry(NamedTuple):
    """A change of cash in USD, the cash after it, and the order behind it (None: the first deposit)."""

    amount: Decimal
    balance: Decimal
    order_id: str | None


class Account:
    """One account's books; flags and behaviour may be set at any time and work from the next order on."""

    def __init__(self, settings: AccountSettings, opened_at: datetime) -> None:
        self.settings = settings
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
        self.cash_ledger = [CashEntry(settings.cash, settings.cash, None)]
        self.last_equity = settings.cash
        self._by_client_id: dict[str, Order] = {}
        self._open: list[Order] = []

    @property
    def key_id(self) -> str:
        """The key that names the account in requests."""
        return self.settings.key_id

    @property
    def cash(self) -> Decimal:
        """Cash in USD, negative when borrowed; includes the proceeds of short sales."""
        return self.cash_ledger[-1].balance

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
        """Enter a new order, without its legs."""
        self.orders[order.id] = order
        self._by_client_id[order.client_order_id] = order
        self._open.append(order)

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """Return the order that was sent with a client order id, however it ended."""
        return self._by_client_id.get(client_order_id)

    def position(self, asset: Asset) -> Decimal:
        """Return the signed quantity held of an asset."""
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

    def book(self, fill: Fill) -> None:
        """Enter a fill into cash and position."""
        self.fills.append(fill)
        self.cash_ledger.append(CashEntry(fill.cash_change, self.cash + fill.cash_change, fill.order_id))
        position = self.positions.setdefault(fill.asset.symbol, Position(fill.asset))
        position.apply(fill.position_change, fill.price)
        if position.quantity == 0:
            del self.positions[fill.asset.symbol]
