"""Refuse orders that the account, as it stands, cannot place."""

from simulation.broker.errors import (
    BrokerError,
    forbidden,
    insufficient_balance,
    insufficient_buying_power,
    insufficient_quantity,
    invalid,
    wash_trade,
)
from simulation.broker.money import ZERO, is_whole
from simulation.broker.order_rules import Rule
from simulation.broker.orders import Order, OrderStatus
from simulation.broker.requests import OrderRequest
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderType, Side


def account_flags(order: Submission) -> BrokerError | None:
    """The account must be active, and neither blocked nor suspended."""
    account = order.account
    if account.account_blocked or account.status != "ACTIVE":
        return forbidden("account is not authorized to trade")
    if account.trading_blocked:
        return forbidden("trading is blocked for this account")
    if account.trade_suspended_by_user:
        return forbidden("new orders are rejected by user request")
    return None


def no_wash_trade(order: Submission) -> BrokerError | None:
    """A simple order must not be able to trade against an open one; groups are exempt."""
    if order.request.order_class is not OrderClass.SIMPLE:
        return None
    for resting in order.account.open_orders:
        opposes = resting.symbol == order.asset.symbol and resting.side is not order.request.side
        if not opposes or resting.status is OrderStatus.HELD:
            continue
        if _may_trade_anywhere(resting) or _may_trade_anywhere(order.request):
            return wash_trade(resting.id, "opposite side market/stop order exists")
        if _crosses(order, resting):
            return wash_trade(resting.id, "opposite side limit order exists")
    return None


def free_quantity(order: Submission) -> BrokerError | None:
    """A closing order takes what is held and not promised elsewhere: never past zero."""
    if not order.is_closing:
        return None
    existing = abs(order.position)
    held = order.account.held_for_orders(order.asset)
    if order.quantity <= existing - held:
        return None
    if order.asset.is_crypto:
        return insufficient_balance(order.asset.coin, order.quantity, max(existing - held, ZERO))
    return insufficient_quantity(order.asset.symbol, order.quantity, existing, held)


def short_sale(order: Submission) -> BrokerError | None:
    """Short sales need whole shares, a shortable asset and an account that may; coins are never short."""
    if not order.opens_short:
        return None
    if order.asset.is_crypto:
        return insufficient_balance(order.asset.coin, order.quantity, abs(order.position))
    if not order.asset.shortable:
        return invalid(f'asset "{order.asset.symbol}" cannot be sold short')
    if not order.account.settings.shorting_enabled:
        return forbidden("account is not allowed to short")
    return None if is_whole(order.quantity) else invalid("fractional orders cannot be sold short")


def enough_buying_power(order: Submission) -> BrokerError | None:
    """An opening order fits into what the account may still spend; coins are bought without margin."""
    if order.is_closing:
        return None
    if order.asset.is_crypto:
        available = order.valuation.non_marginable_buying_power
        return insufficient_balance("USD", order.cost, available) if order.cost > available else None
    available = order.valuation.buying_power
    return insufficient_buying_power(available, order.cost) if order.cost > available else None


ACCOUNT_RULES: tuple[Rule, ...] = (
    account_flags,
    no_wash_trade,
    free_quantity,
    short_sale,
    enough_buying_power,
)


def _may_trade_anywhere(order: Order | OrderRequest) -> bool:
    return order.type is not OrderType.LIMIT


def _crosses(order: Submission, resting: Order) -> bool:
    ours, theirs = order.request.limit_price, resting.limit_price
    if ours is None or theirs is None:
        return True
    return ours >= theirs if order.request.side is Side.BUY else ours <= theirs
