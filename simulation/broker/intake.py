"""Turn an order request into an order, or a refusal."""

from collections.abc import Callable
from decimal import Decimal

from simulation.broker.account import Account
from simulation.broker.account_rules import ACCOUNT_RULES
from simulation.broker.assets import Asset
from simulation.broker.clock import MarketClock
from simulation.broker.errors import BrokerError, duplicate_client_order_id, invalid
from simulation.broker.groups import begin
from simulation.broker.identifiers import derived_id, order_id
from simulation.broker.market import Market
from simulation.broker.order_rules import ORDER_RULES
from simulation.broker.orders import ComingEnd, Order, OrderStatus
from simulation.broker.positions import Position
from simulation.broker.requests import OrderRequest, StopLoss
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderType, Side, TimeInForce
from simulation.broker.valuation import value


def refusal(submission: Submission) -> BrokerError | None:
    """Return why an order is not taken: the id first, then the order's own rules, then the account's."""
    refusals = (rule(submission) for rule in (refusal_of_a_known_id, *ORDER_RULES, *ACCOUNT_RULES))
    return next((refused for refused in refusals if refused is not None), None)


def accept(
    request: OrderRequest,
    account: Account,
    asset: Asset,
    market: Market,
    clock: MarketClock,
    *,
    refuses: Callable[[Submission], BrokerError | None] = refusal,
) -> Order:
    """Check a request and enter its order, with legs, into the account.

    Raises:
        BrokerError: it is refused; the account is as it was.
    """
    submission = Submission(request, account, asset, last_price(asset, market), value(account, market.prices))
    refused = refuses(submission)
    if refused is not None:
        raise refused
    order = _order(submission, clock)
    account.add(order)
    for leg in _legs(order, request):
        order.legs.append(leg)
        account.add(leg)
        if leg.is_working:
            begin(leg, clock.now, account.behaviour)
    return order


def last_price(asset: Asset, market: Market) -> Decimal:
    """Return the last price of an asset, USD.

    Raises:
        BrokerError: 422, it has not been traded yet.
    """
    price = market.prices.get(asset.symbol)
    if price is None:
        raise invalid(f"asset {asset.symbol} has no price yet")
    return price


def refusal_of_a_known_id(submission: Submission) -> BrokerError | None:
    """Refuse a client order id that was used before, and nothing else."""
    client_id = submission.request.client_order_id
    known = client_id is not None and submission.account.order_by_client_id(client_id) is not None
    return duplicate_client_order_id() if known else None


def closing_request(position: Position, quantity: Decimal) -> OrderRequest:
    """Return the market order that sells a quantity of a long position, or buys it back of a short one."""
    return OrderRequest(
        symbol=position.asset.symbol,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        time_in_force=TimeInForce.GTC if position.asset.is_crypto else TimeInForce.DAY,
        quantity=quantity,
    )


def _order(submission: Submission, clock: MarketClock) -> Order:
    request, account = submission.request, submission.account
    coming_end = _rejection(submission, clock)
    waits = coming_end is not None or not (clock.is_open or submission.asset.is_crypto)
    name = request.client_order_id or derived_id("client", account.key_id, len(account.orders))
    return Order(
        id=order_id(account.key_id, name),
        client_order_id=name,
        key_id=account.key_id,
        asset=submission.asset,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        order_class=request.order_class,
        quantity=request.quantity,
        notional=request.notional,
        limit_price=submission.limit_price,
        stop_price=request.stop_price,
        extended_hours=request.extended_hours,
        opening=not submission.is_closing,
        reserve_price=submission.reserve_price,
        status=OrderStatus.ACCEPTED if waits else OrderStatus.NEW,
        submitted_as=OrderStatus.ACCEPTED if waits else OrderStatus.PENDING_NEW,
        coming_end=coming_end,
        created_at=clock.now,
        updated_at=clock.now,
        expires_at=clock.calendar.next_close(clock.now) if request.time_in_force is TimeInForce.DAY else None,
    )


def _rejection(submission: Submission, clock: MarketClock) -> ComingEnd | None:
    after = submission.account.behaviour.rejected_after.get(submission.request.client_order_id or "")
    return None if after is None else ComingEnd(OrderStatus.REJECTED, clock.now + after)


def _legs(parent: Order, request: OrderRequest) -> list[Order]:
    """Return the exits of a group; an OCO's take-profit is the submitted order itself."""
    legs = []
    if request.order_class.is_entry and request.take_profit is not None:
        legs.append(_leg(parent, limit=request.take_profit))
    if request.order_class is not OrderClass.SIMPLE and request.stop_loss is not None:
        legs.append(_leg(parent, stop=request.stop_loss))
    return legs


def _leg(parent: Order, *, limit: Decimal | None = None, stop: StopLoss | None = None) -> Order:
    stop_type = OrderType.STOP_LIMIT if stop and stop.limit_price else OrderType.STOP
    is_exit_of_entry = parent.order_class.is_entry
    name = derived_id("leg", parent.id, stop_type if stop else OrderType.LIMIT)
    return Order(
        id=order_id(parent.key_id, name),
        client_order_id=name,
        key_id=parent.key_id,
        asset=parent.asset,
        side=parent.side.opposite if is_exit_of_entry else parent.side,
        type=stop_type if stop else OrderType.LIMIT,
        time_in_force=parent.time_in_force,
        order_class=parent.order_class,
        quantity=parent.quantity,
        limit_price=stop.limit_price if stop else limit,
        stop_price=stop.stop_price if stop else None,
        opening=False,
        status=OrderStatus.HELD if is_exit_of_entry else parent.status,
        submitted_as=OrderStatus.HELD if is_exit_of_entry else parent.submitted_as,
        coming_end=None if is_exit_of_entry else parent.coming_end,
        created_at=parent.created_at,
        updated_at=parent.created_at,
        expires_at=parent.expires_at,
        parent=parent,
    )
