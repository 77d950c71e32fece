"""Trades that several tests begin with, and how they ended."""

from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.signal import Side
from tests.pipeline.pipeline import MINUTE, PRICE
from tests.unit.builders import a_signal

BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
COIN = {
    "symbol": "BTC/USD",
    "entry_price": Decimal(50_000),
    "stop_price": Decimal(49_000),
    "target_price": Decimal(52_000),
}
REFUSED = {"code": 40310000, "message": "insufficient qty available for order"}


def fresh(pipeline, symbol="AAPL", **overrides):
    """Return a signal of the present."""
    now = pipeline.clock.now()
    times = {"bar_time": now - MINUTE, "created_at": now, "expires_at": now + 5 * MINUTE}
    return a_signal(symbol=symbol, **times | overrides)


def mirrored(side, distance):
    """Return the price that lies so far on a position's good side."""
    return PRICE + (distance if side is Side.BUY else -distance)


def ended(day, signal):
    execution = day.execution(signal)
    return execution.state, [fill.leg for fill in execution.fills], execution.realised_profit


def partly_filled(day, quantity, **overrides):
    """Enter with a limit that rests, then let a part of it fill."""
    side = overrides.get("side", Side.BUY)
    day.price(mirrored(side, 2))
    signal = day.enter(**overrides)
    day.hold_back(signal, quantity)
    day.price(PRICE)
    day.run()
    assert day.execution(signal).state is ExecutionState.PARTIALLY_FILLED
    return signal


def rejected_late(day, **overrides):
    now = day.pipeline.clock.now()
    signal = a_signal(**{"bar_time": now - MINUTE, "created_at": now} | overrides)
    day.behave(rejected_after={f"argo-argo-{signal.signal_id}-entry": 5})
    return day.enter(bar_time=signal.bar_time, **overrides)


def a_fraction(day, **overrides):
    day.pipeline.configured("argo", fractional=True, base_size_percent=1, size_cap_percent=1)
    day.price(30_000)
    return day.hold(
        entry_price=Decimal(30_000), stop_price=Decimal(27_000), target_price=Decimal(33_000), **overrides
    )
