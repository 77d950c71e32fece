"""Refuse in Alpaca's words: HTTP status, code, message, and the fields clients look at."""

from decimal import Decimal

from simulation.broker.money import ZERO, text


class BrokerError(Exception):
    """A request was refused.

    Attributes:
        status: the HTTP status.
        body: the JSON body; `code` is absent where Alpaca leaves it out.
    """

    def __init__(self, status: int, message: str, *, code: int | None = None, **fields: object) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.body: dict[str, object] = {"message": message, **fields}
        if code is not None:
            self.body = {"code": code, **self.body}


def unauthorised() -> BrokerError:
    """No such key, or not its secret."""
    return BrokerError(401, "unauthorized.")


def rate_limited() -> BrokerError:
    """Too many requests in this minute."""
    return BrokerError(429, "rate limit exceeded", code=42910000)


def not_found(message: str) -> BrokerError:
    """No such order, position or asset."""
    return BrokerError(404, message, code=40410000)


def malformed(message: str) -> BrokerError:
    """The body or query lacks a field, or a field has the wrong form."""
    return BrokerError(422, message, code=40010001)


def invalid(message: str, **fields: object) -> BrokerError:
    """The order is well-formed, but no such order can exist."""
    return BrokerError(422, message, code=42210000, **fields)


def forbidden(message: str, **fields: object) -> BrokerError:
    """The order could exist, but not in this account as it stands."""
    return BrokerError(403, message, code=40310000, **fields)


def duplicate_client_order_id() -> BrokerError:
    """The client order id was used before; ids stay used for ever."""
    return malformed("client_order_id must be unique")


def insufficient_buying_power(buying_power: Decimal, cost_basis: Decimal) -> BrokerError:
    """The order costs more than the account may spend, in USD."""
    return forbidden("insufficient buying power", buying_power=text(buying_power), cost_basis=text(cost_basis))


def insufficient_balance(coin: str, requested: Decimal, available: Decimal) -> BrokerError:
    """A crypto order needs more of a coin, or of USD, than the account holds."""
    available = max(available, ZERO)
    return forbidden(
        f"insufficient balance for {coin} (requested: {text(requested)}, available: {text(available)})",
        symbol=coin,
        available=text(available),
        balance=text(available),
    )


def insufficient_quantity(symbol: str, requested: Decimal, existing: Decimal, held: Decimal) -> BrokerError:
    """A closing order asks for more shares than are free; `held` are promised to other orders."""
    available = max(existing - held, ZERO)
    return forbidden(
        f"insufficient qty available for order (requested: {text(requested)}, available: {text(available)})",
        symbol=symbol,
        existing_qty=text(existing),
        held_for_orders=text(held),
        available=text(available),
    )


def passed_stop(stop: Decimal, market: Decimal, *, above: bool) -> BrokerError:
    """The stop of a sale is not below the market, or that of a purchase not above it."""
    return invalid(
        f"stop price must be {'greater' if above else 'less'} than current price",
        market_price=text(market),
        stop_price=text(stop),
    )


def wash_trade(existing_order_id: str, reason: str) -> BrokerError:
    """The order could trade against an open order of the same account."""
    return forbidden(
        "potential wash trade detected. use complex orders",
        existing_order_id=existing_order_id,
        reject_reason=reason,
    )
