"""The signals of a trial, drawn from its seed."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random  # noqa: TID251 - the seed's

from argo.domain.prices import Rounding, on_tick
from argo.domain.signal import Regime, Side, Signal, Timeframe, signal_id
from argo.domain.symbols import Symbol

_LIFETIMES = (45, 300)
_STRATEGY = "trial"


def signal_of(chance: Random, symbol: Symbol, price: Decimal, *, number: int, now: datetime) -> Signal:
    """Return the ``number``-th signal: a symbol at its present price, a side, a stop and a target some way off."""
    side = Side.SELL if chance.random() < 0.35 and not symbol.is_crypto else Side.BUY
    away = Decimal(chance.randint(5, 25)) / 1000
    sign = 1 if side is Side.BUY else -1
    bar_time = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    kind = symbol.asset_class
    return Signal(
        signal_id=signal_id(
            strategy=_STRATEGY,
            strategy_version=str(number),
            symbol=symbol,
            side=side,
            timeframe=Timeframe.MINUTE,
            bar_time=bar_time,
        ),
        symbol=symbol,
        side=side,
        confidence=Decimal(chance.randint(68, 98)),
        entry_price=price,
        stop_price=on_tick(price * (1 - sign * away), kind, Rounding.UP),
        target_price=on_tick(price * (1 + sign * away * Decimal("1.5")), kind, Rounding.DOWN),
        volatility=Decimal("0.01"),
        strategy=_STRATEGY,
        strategy_version=str(number),
        timeframe=Timeframe.MINUTE,
        bar_time=bar_time,
        created_at=now,
        expires_at=now + timedelta(seconds=chance.randint(*_LIFETIMES)),
        regime=Regime.BULL,
    )
