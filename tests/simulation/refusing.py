"""What a refused replacement is answered with."""

import pytest

from simulation.broker import BrokerError, Order
from tests.simulation.trader import Trader

Refusal = tuple[int, int | None, str]


def refused(trader: Trader, order: Order, **body: object) -> Refusal:
    with pytest.raises(BrokerError) as error:
        trader.replace(order, **body)
    return error.value.status, error.value.code, error.value.message


def invalid(message: str) -> Refusal:
    return 422, 42210000, message
