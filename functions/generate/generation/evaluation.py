"""From one symbol's closed bars to a signal or nothing. No effects but the count of failing sources."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.config import Generation
from argo.domain.market import Bar
from argo.domain.signal import Signal, Timeframe, Vote, signal_id
from argo.domain.symbols import Symbol
from argo.observability import Metric, Telemetry
from generation import indicators
from generation.consensus import Consensus, consensus
from generation.levels import levels
from generation.regime import CONFIDENCE_FACTOR, regime
from generation.series import BarSeries, bar_series
from generation.sources.registry import WeightedSource

_CENT = Decimal("0.01")
_DAILY_MAXIMUM_AGE = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Asks the sources and builds signals by the rules of argo.toml."""

    rules: Generation
    sources: Sequence[WeightedSource]
    telemetry: Telemetry

    def signal(self, symbol: Symbol, bars: Sequence[Bar], now: datetime) -> Signal | None:
        """Return the signal that the last bar gives, if the consensus has crossed into it.

        A consensus that held one bar earlier gives none: a signal is a crossing, not a state (FAILURES B13).
        """
        seen = bar_series(bars)
        failing: set[str] = set()
        agreed = self._consensus(seen, failing)
        if agreed is None:
            return None
        before = self._consensus(_without_last(seen, bars), failing) if len(seen) > 1 else None
        if before is not None and before.side is agreed.side:
            return None
        return self._build(symbol, seen, agreed, now)

    def _consensus(self, bars: BarSeries, failing: set[str]) -> Consensus | None:
        """Ask every source that has not failed on this symbol yet; a new failure is added to ``failing``."""
        votes = []
        for entry in self.sources:
            if entry.name in failing:
                continue
            try:
                vote = _vote(entry, bars)
            except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way; it is named and left out (A31)
                failing.add(entry.name)
                self.telemetry.count(Metric.SOURCE_FAILURES, reason=entry.name)
                self.telemetry.log.warning("source_failed", source=entry.name, error=repr(error))
            else:
                votes += [vote] if vote else []
        return consensus(votes, self.rules)

    def _build(self, symbol: Symbol, bars: BarSeries, agreed: Consensus, now: datetime) -> Signal | None:
        average_true_range = indicators.atr(bars)
        if average_true_range is None:
            return None
        placed = levels(
            side=agreed.side,
            close=bars.price,
            average_true_range=average_true_range,
            asset_class=symbol.asset_class,
            rules=self.rules,
        )
        if placed is None:
            return None
        named = regime(bars)
        rules = self.rules
        return Signal(
            signal_id=signal_id(
                strategy=rules.strategy,
                strategy_version=rules.strategy_version,
                symbol=symbol,
                side=agreed.side,
                timeframe=rules.timeframe,
                bar_time=bars.time,
            ),
            symbol=symbol,
            side=agreed.side,
            confidence=(agreed.confidence * CONFIDENCE_FACTOR[named]).quantize(_CENT),
            entry_price=placed.entry,
            stop_price=placed.stop,
            target_price=placed.target,
            volatility=Decimal(repr(round(indicators.volatility(bars), 6))),
            strategy=rules.strategy,
            strategy_version=rules.strategy_version,
            timeframe=rules.timeframe,
            bar_time=bars.time,
            created_at=now,
            expires_at=now + timedelta(seconds=rules.lifetime_seconds),
            regime=named,
            votes=agreed.votes,
        )


def _vote(entry: WeightedSource, bars: BarSeries) -> Vote | None:
    """Ask one source; an answer that is no opinion raises like a source that fails."""
    opinion = entry.source.vote(bars)
    if opinion is None:
        return None
    confidence = Decimal(str(round(float(opinion.confidence), 2)))
    return Vote(source=entry.name, side=opinion.side, confidence=confidence, weight=entry.weight)


def is_stale(last: Bar, timeframe: Timeframe, now: datetime) -> bool:
    """Tell whether the last bar is too old to trade on (FAILURES A30).

    Three bars for intraday timeframes; for daily bars five days, which covers a long weekend.
    """
    limit = _DAILY_MAXIMUM_AGE if timeframe is Timeframe.DAY else 3 * timeframe.duration
    return now - (last.time + timeframe.duration) > limit


def _without_last(series: BarSeries, bars: Sequence[Bar]) -> BarSeries:
    return replace(
        series,
        time=bars[-2].time,
        open=series.open[:-1],
        high=series.high[:-1],
        low=series.low[:-1],
        close=series.close[:-1],
        volume=series.volume[:-1],
    )
