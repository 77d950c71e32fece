"""From the symbols' closed bars to signals. No effects but the count of failing sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from argo.domain.config import Generation
from argo.domain.prices import Rounding, on_tick
from argo.domain.signal import Regime, Side, Signal, Timeframe, Vote, signal_id
from argo.domain.symbols import AssetClass, Symbol
from argo.ports import Telemetry
from generation import indicators
from generation.consensus import Consensus, consensus
from generation.polling import Ballots, Poll
from generation.regime import CONFIDENCE_FACTOR, regimes
from generation.series import BarSeries
from generation.sources.registry import WeightedSource

_CENT = Decimal("0.01")
_DAILY_MAXIMUM_AGE = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Asks the sources and builds signals by the rules of argo.toml."""

    rules: Generation
    sources: Sequence[WeightedSource]
    telemetry: Telemetry
    _known: dict[Symbol, tuple[float, Side | None]] = field(default_factory=dict)
    """When the last bar began, and the side of the consensus on it."""

    def signals(self, market: Mapping[Symbol, BarSeries], now: datetime) -> list[Signal]:
        """Return the signals that the last bars give, where the consensus has crossed into one.

        A consensus that held one bar earlier gives none: a signal is a crossing, not a state (FAILURES B13). The
        bar before is looked at again only where it matters and what was found on it is not known any more.
        """
        poll = Poll(self.sources, float(self.rules.source_seconds), self.telemetry)
        regime_of = regimes(market)
        ballots = poll.ask(market, regime_of)
        agreed = self._agreements(ballots)
        before = self._sides_before(poll, {symbol: market[symbol] for symbol in agreed})
        if poll.is_whole:  # Who has failed may not the next time.
            for symbol, bars in market.items():
                self._known[symbol] = bars.began, agreed[symbol].side if symbol in agreed else None
        else:
            # Both bars by the same sources: one may have failed on the bar before only.
            left = poll.without_failed(ballots)
            agreed = self._agreements({symbol: left[symbol] for symbol in agreed if symbol in left})
        crossed = ((symbol, found) for symbol, found in agreed.items() if before.get(symbol) is not found.side)
        built = (self._build(symbol, market[symbol], regime_of[symbol], found, now) for symbol, found in crossed)
        return [signal for signal in built if signal is not None]

    def _sides_before(self, poll: Poll, market: Mapping[Symbol, BarSeries]) -> dict[Symbol, Side | None]:
        """Return each consensus' side one bar earlier, by the sources that have a voice now."""
        remembered = {
            symbol: self._known[symbol][1]
            for symbol, bars in market.items()
            if len(bars) > 1 and symbol in self._known and self._known[symbol][0] == bars.seconds.item(-2)
        }
        unknown = [symbol for symbol, bars in market.items() if symbol not in remembered and len(bars) > 1]
        earlier = {symbol: market[symbol].before() for symbol in unknown}
        ballots = poll.ask(earlier, regimes(earlier))
        if not poll.is_whole and remembered:
            earlier = {symbol: market[symbol].before() for symbol in remembered}
            ballots |= poll.ask(earlier, regimes(earlier))
            remembered = {}
        found = self._agreements(poll.without_failed(ballots))
        return remembered | {symbol: agreement.side for symbol, agreement in found.items()}

    def _agreements(self, ballots: Ballots) -> dict[Symbol, Consensus]:
        each = ((symbol, consensus(given, self.rules)) for symbol, given in ballots.items())
        return {symbol: found for symbol, found in each if found is not None}

    def _build(
        self, symbol: Symbol, bars: BarSeries, regime: Regime, agreed: Consensus, now: datetime
    ) -> Signal | None:
        rules, side = self.rules, agreed.side
        average_true_range = indicators.atr(bars)
        if average_true_range is None:
            return None
        placed = levels(side, bars.price, average_true_range, symbol.asset_class, rules)
        if placed is None:
            return None
        return Signal(
            signal_id=signal_id(
                strategy=rules.strategy,
                strategy_version=rules.strategy_version,
                symbol=symbol,
                side=side,
                timeframe=rules.timeframe,
                bar_time=bars.time,
            ),
            symbol=symbol,
            side=side,
            confidence=(agreed.confidence * CONFIDENCE_FACTOR[regime]).quantize(_CENT),
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
            regime=regime,
            votes=tuple(Vote(**ballot._asdict()) for ballot in agreed.votes),
        )


class Levels(NamedTuple):
    """Prices in USD, on tick, in order for the side."""

    entry: Decimal
    stop: Decimal
    target: Decimal


def levels(
    side: Side, close: float, average_true_range: float, asset_class: AssetClass, rules: Generation
) -> Levels | None:
    """Place stop and target in average true ranges from the entry, the stop within its clamp.

    Returns:
        None where the rounded prices are not in order, as with a price of a few ticks.
    """
    entry = on_tick(Decimal(repr(close)), asset_class, Rounding.DOWN)
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


def oldest_fresh(timeframe: Timeframe, now: datetime) -> datetime:
    """Return the start of the oldest bar that may still be traded on (FAILURES A30).

    Three bars back for intraday timeframes; for daily bars five days, which covers a long weekend.
    """
    limit = _DAILY_MAXIMUM_AGE if timeframe is Timeframe.DAY else 3 * timeframe.duration
    return now - limit - timeframe.duration
