"""The account as a decision sees it: the ledger's record joined with what the broker says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from argo.domain.account import VIEWS_LAG, AccountState, Asset, BrokerAccount, MarketClock, Position
from argo.domain.orders import BrokerOrder
from argo.domain.symbols import Symbol, canonical_or_raw


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the gate and the sizing decide on; amounts in USD.

    ``orders`` are the broker's open ones. They and the positions are read before the balances, so that whatever
    they show is in the balances too. ``prices`` are last trades, ``assets`` what the broker says of symbols;
    both only of symbols that somebody asked for.
    """

    read_at: datetime
    state: AccountState
    broker: BrokerAccount
    clock: MarketClock
    positions: tuple[Position, ...] = ()
    orders: tuple[BrokerOrder, ...] = ()
    prices: Mapping[Symbol, Decimal] = field(default_factory=dict)
    assets: Mapping[Symbol, Asset | None] = field(default_factory=dict)

    @property
    def held(self) -> frozenset[str]:
        """Symbols with a lock, a position or an order that would open one."""
        opening = {symbol for symbol, _ in self._opening()}
        return frozenset(self.state.holdings) | {position.symbol for position in self.positions} | opening

    @property
    def exposure(self) -> Decimal:
        """USD at the market or on the way to it: per symbol, the larger of the ledger's and the broker's view."""
        ledger = {symbol: holding.notional for symbol, holding in self.state.holdings.items()}
        broker: dict[str, Decimal] = {}
        for position in self.positions:
            value = position.market_value
            cost = position.average_entry_price * position.quantity
            broker[position.symbol] = abs(cost if value is None else value)
        for symbol, order in self._opening():
            broker[symbol] = broker.get(symbol, Decimal(0)) + _notional(order)
        return sum(
            (max(ledger.get(s, Decimal(0)), broker.get(s, Decimal(0))) for s in {*ledger, *broker}), Decimal(0)
        )

    def buying_power(self, symbol: Symbol) -> Decimal:
        """Return what may be spent on a symbol at all: crypto takes cash only (FAILURES A23)."""
        if not symbol.is_crypto:
            return self.broker.buying_power
        return self.broker.non_marginable_buying_power or Decimal(0)

    def unreserved_buying_power(self, symbol: Symbol) -> Decimal:
        """Return the buying power less what is reserved and not yet in the broker's own figure.

        A reservation counts for as long as the broker's views can lag, and then until it shows the order or the
        position; until then the money may be counted twice, which errs towards less, and never not at all.
        """
        shown = {position.symbol for position in self.positions}
        named = {part for order in self.orders for part in order.client_order_id.split("-")}
        unseen = [
            holding.notional
            for held, holding in self.state.holdings.items()
            if self.read_at - holding.since < VIEWS_LAG or not (held in shown or holding.signal_id in named)
        ]
        reserved = min(sum(unseen, Decimal(0)), self.state.reserved_notional)
        return max(self.buying_power(symbol) - reserved, Decimal(0))

    def _opening(self) -> Iterator[tuple[str, BrokerOrder]]:
        """Yield the open orders, with their symbols, that are not against a position that is held."""
        held = {position.symbol: position.quantity for position in self.positions}
        for order in self.orders:
            symbol = canonical_or_raw(order.symbol)
            quantity = held.get(symbol, Decimal(0))
            closes = quantity > 0 if order.side == "sell" else quantity < 0
            if not closes:
                yield symbol, order


def _notional(order: BrokerOrder) -> Decimal:
    """Return what an open order may still bind; a market order has filled before it can be listed for long."""
    price = order.limit_price or order.stop_price or Decimal(0)
    return price * ((order.quantity or Decimal(0)) - order.filled_quantity)
