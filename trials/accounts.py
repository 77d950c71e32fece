"""What a trial trades: its symbols and signals, for two accounts that between them reach every branch."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random  # noqa: TID251 - the seed's

from argo.domain.prices import Rounding, on_tick
from argo.domain.profile import Profile, parse_profile
from argo.domain.signal import Regime, Side, Signal, Timeframe, signal_id
from argo.domain.symbols import Symbol
from execution.backoff import BackoffLimits, Limits

CASH = Decimal(1_000_000)
SYMBOLS: tuple[Symbol, ...] = (
    *map(Symbol, ("AAPL", "AMD", "AMZN", "BAC", "CVX", "DIS", "GOOG", "IBM", "JPM", "KO", "MSFT", "NVDA", "PFE")),
    *map(Symbol, ("TSLA", "WMT", "BTC/USD", "ETH/USD")),
)

_RULES = """
[accounts.bold]
minimum_confidence = 70
base_size_percent = 4
size_cap_percent = 6
price_drift_percent = 3
exposure_limit_percent = 150
orders_per_minute = 60
daily_loss_limit_percent = 20
drawdown_limit_percent = 30
flip = true

[accounts.bold.exits]
break_even_at_r = 1
bars = 10

[accounts.careful]
minimum_confidence = 75
base_size_percent = 2
size_cap_percent = 2
scale_size = false
fractional = true
position_limit = 8
orders_per_minute = 30

[accounts.careful.protections.cooldown]
minutes = 1
"""

PROFILES: Mapping[str, Profile] = {name: parse_profile(_RULES, name, "trial") for name in ("bold", "careful")}

OTHER_PROFILES: Mapping[str, Profile] = {
    name: profile.model_copy(update={"base_size_percent": Decimal(1), "slippage_percent": Decimal("0.1")})
    for name, profile in PROFILES.items()
}
"""The rules of the version before or after: what one worker planned, another carries on."""

LIMITS = Limits()
OTHER_LIMITS = Limits(lease=timedelta(seconds=60), backoff=BackoffLimits(base=timedelta(seconds=5)))


def signal_of(chance: Random, symbol: Symbol, price: Decimal, *, number: int, now: datetime) -> Signal:
    """Return the ``number``-th signal: a symbol at its present price, a side, a stop and a target some way off."""
    side = Side.SELL if chance.random() < 0.35 and not symbol.is_crypto else Side.BUY
    away = Decimal(chance.randint(5, 25)) / 1000
    sign = 1 if side is Side.BUY else -1
    bar_time = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    kind = symbol.asset_class
    return Signal(
        signal_id=signal_id(
            strategy="trial",
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
        strategy="trial",
        strategy_version=str(number),
        timeframe=Timeframe.MINUTE,
        bar_time=bar_time,
        created_at=now,
        expires_at=now + timedelta(seconds=chance.randint(45, 300)),
        regime=Regime.BULL,
    )
