"""Refuse in Alpaca's words: HTTP status, code, message, and the fields clients look at."""

from decimal import Decimal

from simulation.broker.money import text


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


def insufficient_balance(coin: str, requested: Decimal, available: Decimal) -> BrokerError:
    """A crypto order needs more of a coin, or of USD, than the account holds."""
    return forbidden(
        f"insufficient balance for {coin} (requested: {text(requested)}, available: {text(available)})",
        symbol=coin,
        available=text(available),
        balance=text(available),
    )
