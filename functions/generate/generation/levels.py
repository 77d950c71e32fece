"""Entry, stop and target of a signal: from floats to money, once, on tick."""

from dataclasses import dataclass
from decimal import Decimal

from argo.domain.config import Generation
from argo.domain.prices import Rounding, on_tick
from argo.domain.signal import Side
from argo.domain.symbols import AssetClass


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices in USD, on tick, in order for the side."""

    entry: Decimal
    stop: Decimal
    target: Decimal


def levels(
    *, side: Side, close: float, average_true_range: float, asset_class: AssetClass, rules: Generation
) -> Levels | None:
    """Place stop and target in average true ranges from the entry, the stop within its clamp.

    Returns:
        None where the rounded prices are not in order, as with a price of a few ticks.
    """
    entry = on_tick(Decimal(repr(close)), asset_class, Rounding.DOWN)
    if entry <= 0:
        return None
    narrowest, widest = (entry * percent / 100 for percent in rules.stop_percent_range)
    atr = Decimal(repr(average_true_range))
    distance = min(max(atr * rules.stop_atr, narrowest), widest)
    reward = distance * rules.target_atr / rules.stop_atr
    if side is Side.BUY:
        stop = on_tick(entry - distance, asset_class, Rounding.UP)
        target = on_tick(entry + reward, asset_class, Rounding.DOWN)
        in_order = 0 < stop < entry < target
    else:
        stop = on_tick(entry + distance, asset_class, Rounding.DOWN)
        target = on_tick(entry - reward, asset_class, Rounding.UP)
        in_order = 0 < target < entry < stop
    return Levels(entry, stop, target) if in_order else None
