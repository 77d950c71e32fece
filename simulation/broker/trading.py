"""What an account may ask the broker for: orders, cancellations, positions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from simulation.broker.account import Account, AccountSettings, Position, Valuation
from simulation.broker.assets import AssetList
from simulation.broker.clock import MarketClock
from simulation.broker.errors import BrokerError, invalid, not_found
from simulation.broker.exchange import Exchange
from simulation.broker.intake import accept, replacement
from simulation.broker.market import Market
from simulation.broker.orders import Order
from simulation.broker.rules import unused_id
from simulation.broker.terms import Changes, OrderRequest, OrderStatus, Side, TimeInForce


class Trading:
    """Accounts, and the requests they may make of the market as it stands.

    Attributes:
        clock, market, assets: what every account sees.
        fill_limits: the most that orders fill in total (shares or coins), by client order id: for partial fills.
        accounts: by key id.
    """

    def __init__(
        self, accounts: Iterable[AccountSettings], *, clock: MarketClock, market: Market, opened_at: datetime
    ) -> None:
        self.clock = clock
        self.market = market
        self.assets = AssetList()
        self.fill_limits: dict[str, Decimal] = {}
        self.accounts = {settings.key_id: Account(settings, opened_at) for settings in accounts}
        self._exchange = Exchange(self.clock, self.market, self.accounts, self.fill_limits)

    def authenticate(self, key_id: str, secret_key: str) -> Account:
        """Return the account of a key.

        Raises:
            BrokerError: 401, there is no such key or the secret is another.
        """
        account = self.accounts.get(key_id)
        if account is None or account.settings.secret_key != secret_key:
            raise BrokerError(401, "unauthorized.")
        return account

    def valuation(self, account: Account) -> Valuation:
        """Value an account at the last prices."""
        return account.value(self.market.prices)

    def submit(self, account: Account, request: OrderRequest) -> Order:
        """Place an order; a marketable one has filled when this returns.

        Raises:
            BrokerError: it is refused.
        """
        asset = self.assets.named(request.symbol)
        order = accept(request, account, asset, self.market, self.clock)
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

        The client order id, where none is given, begins with `manual-`. What legs would sell later of shares that
        are gone then opens the opposite position.

        Args:
            account: whose it is.
            request: of its terms only the client order id is checked.
            cancels_exits: cancel what rests against the position first, with its groups.

        Raises:
            BrokerError: 422, the client order id was used before, or there is no such asset.
        """
        asset = self.assets.named(request.symbol)
        if cancels_exits:
            for order in account.open_orders:
                if order.symbol == asset.symbol and order.is_working and not order.opening:
                    order.cancel_group(self.clock.now)
        named = request.client_order_id or f"manual-{len(account.orders)}"
        by_hand = replace(request, client_order_id=named)
        order = accept(by_hand, account, asset, self.market, self.clock, rules=[unused_id])
        self._exchange.place(order, *order.legs)
        return order

    def seen_orders(self, account: Account) -> Account:
        """Return the account with the orders that it is shown now: older ones, where its view of them lags."""
        return self._seen(account, account.behaviour.orders_lag)

    def seen_positions(self, account: Account) -> Account:
        """Return the account with the positions that it is shown now: older ones, where its view of them lags."""
        return self._seen(account, account.behaviour.positions_lag)

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
        """Cancel an order and the rest of its group: at once, or as the account's behaviour says.

        Raises:
            BrokerError: 404, no such order; 422, it is over or its cancellation is under way.
        """
        order = self.order(account, order_id)
        if not order.is_open or order.status is OrderStatus.PENDING_CANCEL:
            raise invalid(f'order is already in "{order.status}" state')
        order.request_cancel(self.clock.now, account.behaviour)

    def cancel_all(self, account: Account) -> list[Order]:
        """Cancel every open order of an account and return them."""
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

    def _seen(self, account: Account, lag: timedelta) -> Account:
        now, lags_until = self.clock.now, account.behaviour.lags_until
        is_over = lags_until is not None and lags_until <= now
        return account.as_of(now - lag) if lag and not is_over else account
