"""What became of signals: the bars after each, read once they have closed. Nobody need have executed it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from argo.domain.config import Generation
from argo.domain.signal import Ending, Side, Signal, SignalOutcome, Timeframe
from argo.domain.symbols import Symbol
from argo.ports import Ledger, Unavailable
from argo.repeating import heard
from argo.together import together
from generation.market import warm_up
from generation.series import BarSeries

_FOUR_PLACES = Decimal("0.0001")


async def judge(
    ledger: Ledger,
    market: Mapping[Symbol, BarSeries],
    rules: Generation,
    now: datetime,
    silences: list[Unavailable],
) -> int:
    """Record the outcomes that these bars tell of the signals on the ledger's work list, and return how many.

    ``silences`` take what the ledger was not available for: those signals stay on the list.
    """
    found: dict[str, SignalOutcome] = {}
    for stored in await heard(ledger.unjudged(), silences) or ():
        signal, ended = stored.signal, None
        if bars := market.get(signal.symbol):
            ended = outcome(signal, bars, timeframe=rules.timeframe, limit=rules.outcome_bars)
        elif now - signal.bar_time > warm_up(signal.timeframe, rules.history_bars):
            # Another shard's symbol, or one that has left the watchlist: all its bars must be past.
            ended = _unseen(signal)
        if ended:
            found[signal.signal_id] = ended
    recorded = await together(*(heard(ledger.record_outcome(key, each), silences) for key, each in found.items()))
    return sum(map(bool, recorded))


def outcome(signal: Signal, bars: BarSeries, *, timeframe: Timeframe, limit: int) -> SignalOutcome | None:
    """Return a signal's end by the closed bars after its own, or None while they do not tell.

    The stop counts first when one bar touches both, and is paid at the open of a bar that opens beyond it; the
    target is paid at its price. After ``limit`` bars without either the last one's close counts. ``timeframe`` is
    that of the bars; a signal from outside may have another.
    """
    first = _first_after(signal, bars, timeframe)
    if first is None:
        return _unseen(signal)
    seen = slice(first, first + limit)
    stop, target = float(signal.stop_price), float(signal.target_price)
    if signal.side is Side.BUY:
        stopped, reached = bars.low[seen] <= stop, bars.high[seen] >= target
    else:
        stopped, reached = bars.high[seen] >= stop, bars.low[seen] <= target
    after = _first(stopped | reached)
    if after is None and len(bars) - first < limit:
        return None
    at = first + (limit - 1 if after is None else after)
    if after is None:
        ending, price = Ending.EXPIRY, _usd(bars.close[at])
    elif stopped[after]:
        worse = min if signal.side is Side.BUY else max
        ending, price = Ending.STOP, worse(signal.stop_price, _usd(bars.open[at]))
    else:
        ending, price = Ending.TARGET, signal.target_price
    # The result in units of the risk: both distances have the side's sign.
    realised = (price - signal.entry_price) / (signal.entry_price - signal.stop_price)
    return SignalOutcome(
        ending=ending,
        at=bars.time_of(at),
        bars=at - first + 1,
        price=price,
        realised_r=realised.quantize(_FOUR_PLACES),
    )


def _first_after(signal: Signal, bars: BarSeries, timeframe: Timeframe) -> int | None:
    """Return where the bars after the signal's begin; None where some may be lost."""
    began = signal.bar_time.timestamp()
    if bars.seconds.item(0) > began:
        return None
    if signal.timeframe is timeframe:
        return int(bars.seconds.searchsorted(began, side="right"))
    return int(bars.seconds.searchsorted(began + signal.timeframe.duration.total_seconds()))


def _first(found: NDArray[np.bool_]) -> int | None:
    """Return where the first one is; `numpy.flatnonzero` lists all, at several times the cost."""
    if not len(found):
        return None
    place = int(found.argmax())
    return place if found[place] else None


def _unseen(signal: Signal) -> SignalOutcome:
    return SignalOutcome(ending=Ending.UNSEEN, at=signal.bar_time, bars=0)


def _usd(price: float) -> Decimal:
    return Decimal(repr(round(float(price), 9)))
