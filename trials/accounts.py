"""The accounts of a trial: two sets of rules that between them reach every branch of the executor."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from argo.domain.profile import Profile, parse_profile
from execution.backoff import BackoffLimits, Limits

CASH = Decimal(1_000_000)

STOCKS = (
    "AAPL",
    "AMD",
    "AMZN",
    "BAC",
    "CVX",
    "DIS",
    "GOOG",
    "IBM",
    "JPM",
    "KO",
    "MSFT",
    "NVDA",
    "PFE",
    "TSLA",
    "WMT",
)
COINS = ("BTC/USD", "ETH/USD")

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
