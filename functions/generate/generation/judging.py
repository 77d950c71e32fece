"""What became of signals: the bars after each, read once they have closed. Nobody need have executed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from argo.domain.config import Generation
from argo.domain.signal import Side, Signal, Timeframe
from argo.domain.signal_outcome import Ending, SignalOutcome
from argo.domain.symbols import Symbol
from argo.ports import Ledger
from argo.together import together
from generation.history import warm_up
from generation.series import BarSeries

_AT_A_TIME = 1_000
_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the signals on the ledger's work list."""

    ledger: Ledger
    rules: Generation

    async def judge(self, market: Mapping[Symbol, BarSeries], now: datetime) -> int:
        """Record the outcomes that these bars tell and return how many there were."""
        waiting = await self.ledger.unjudged(limit=_AT_A_TIME)
        found = {
            stored.signal.signal_id: outcome
            for stored in waiting
            if (outcome := self._outcome(stored.signal, market.get(stored.signal.symbol), now))
        }
        recorded = await together(*(self.ledger.record_outcome(key, each) for key, each in found.items()))
        return sum(recorded)

    def _outcome(self, signal: Signal, bars: BarSeries | None, now: datetime) -> SignalOutcome | None:
        if bars is not None:
            return outcome(signal, bars, timeframe=self.rules.timeframe, limit=self.rules.outcome_bars)
        # Another shard's symbol, or one that has left the watchlist: that shows once all its bars must be past.
        horizon = warm_up(signal.timeframe, self.rules.history_bars)
        return _unseen(signal) if now - signal.bar_time > horizon else None


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
    return SignalOutcome(
        ending=ending,
        at=bars.time_of(at),
        bars=at - first + 1,
        price=price,
        realised_r=_in_risks(signal, price),
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


def _in_risks(signal: Signal, price: Decimal) -> Decimal:
    """Return the result of leaving at a price, in units of the risk from entry to stop."""
    gain = (price - signal.entry_price) * (1 if signal.side is Side.BUY else -1)
    return (gain / abs(signal.entry_price - signal.stop_price)).quantize(_FOUR_PLACES)


def _unseen(signal: Signal) -> SignalOutcome:
    return SignalOutcome(ending=Ending.UNSEEN, at=signal.bar_time, bars=0)


def _usd(price: float) -> Decimal:
    return Decimal(repr(round(float(price), 9)))
