"""Refuse orders that the account, as it is, cannot place."""

from simulation.broker.errors import forbidden, insufficient_balance, invalid, malformed
from simulation.broker.money import ZERO, is_whole, text
from simulation.broker.order_rules import Rule
from simulation.broker.orders import OrderStatus
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderType


def unused_id(order: Submission) -> None:
    """A client order id is used once."""
    name = order.request.client_order_id
    if name is not None and order.account.order_by_client_id(name) is not None:
        raise malformed("client_order_id must be unique")


def account_flags(order: Submission) -> None:
    """The account must be active, and neither blocked nor suspended."""
    account = order.account
    if account.account_blocked or account.status != "ACTIVE":
        raise forbidden("account is not authorized to trade")
    if account.trading_blocked:
        raise forbidden("trading is blocked for this account")
    if account.trade_suspended_by_user:
        raise forbidden("new orders are rejected by user request")


def no_wash_trade(order: Submission) -> None:
    """A simple order must not be able to trade against an open one; groups are exempt."""
    request = order.request
    if request.order_class is not OrderClass.SIMPLE:
        return
    for resting in order.account.open_orders:
        opposes = resting.symbol == order.asset.symbol and resting.side is not request.side
        if not opposes or resting.status is OrderStatus.HELD:
            continue
        are_limits = resting.type is request.type is OrderType.LIMIT
        ours, theirs = request.limit_price, resting.limit_price
        if not are_limits or ours is None or theirs is None or request.side.sign * (ours - theirs) >= 0:
            raise forbidden(
                "potential wash trade detected. use complex orders",
                existing_order_id=resting.id,
                reject_reason=f"opposite side {'limit' if are_limits else 'market/stop'} order exists",
            )


def free_quantity(order: Submission) -> None:
    """A closing order takes what is held and not promised elsewhere: never past zero."""
    if not order.is_closing:
        return
    existing, held = abs(order.position), order.held_elsewhere
    available = max(existing - held, ZERO)
    if order.quantity <= existing - held:
        return
    if order.asset.is_crypto:
        raise insufficient_balance(order.asset.coin, order.quantity, available)
    asked = f"requested: {text(order.quantity)}, available: {text(available)}"
    raise forbidden(
        f"insufficient qty available for order ({asked})",
        symbol=order.asset.symbol,
        existing_qty=text(existing),
        held_for_orders=text(held),
        available=text(available),
    )


def short_sale(order: Submission) -> None:
    """Short sales need whole shares, a shortable asset and an account that may; coins are never short."""
    if not order.opens_short:
        return
    if order.asset.is_crypto:
        raise insufficient_balance(order.asset.coin, order.quantity, abs(order.position))
    if not order.asset.shortable:
        raise invalid(f'asset "{order.asset.symbol}" cannot be sold short')
    if not order.account.settings.shorting_enabled:
        raise forbidden("account is not allowed to short")
    if not is_whole(order.quantity):
        raise invalid("fractional orders cannot be sold short")


def enough_buying_power(order: Submission) -> None:
    """An opening order fits into what the account may still spend; coins are bought without margin."""
    if order.is_closing:
        return
    is_crypto, valuation = order.asset.is_crypto, order.valuation
    power = valuation.non_marginable_buying_power if is_crypto else valuation.buying_power
    available = power + order.given_back
    if order.cost <= available:
        return
    if is_crypto:
        raise insufficient_balance("USD", order.cost, available)
    raise forbidden("insufficient buying power", buying_power=text(available), cost_basis=text(order.cost))


ACCOUNT_RULES: tuple[Rule, ...] = (
    account_flags,
    no_wash_trade,
    free_quantity,
    short_sale,
    enough_buying_power,
)
