"""Refuse in Alpaca's words: HTTP status, code, message, and the fields clients look at."""

from decimal import Decimal
from functools import partial

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
        coded: dict[str, object] = {} if code is None else {"code": code}
        self.body = {**coded, "message": message, **fields}


not_found = partial(BrokerError, 404, code=40410000)
"""No such order, position or asset."""

malformed = partial(BrokerError, 422, code=40010001)
"""The body or query lacks a field, or a field has the wrong form."""

invalid = partial(BrokerError, 422, code=42210000)
"""The order is well-formed, but no such order can exist."""

forbidden = partial(BrokerError, 403, code=40310000)
"""The order could exist, but not in this account as it stands."""


def insufficient_balance(coin: str, requested: Decimal, available: Decimal) -> BrokerError:
    """A crypto order needs more of a coin, or of USD, than the account holds."""
    return forbidden(
        f"insufficient balance for {coin} (requested: {text(requested)}, available: {text(available)})",
        symbol=coin,
        available=text(available),
        balance=text(available),
    )
