"""From the symbols' closed bars to signals. No effects but the count of failing sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.config import Generation
from argo.domain.signal import Side, Signal, Timeframe, Vote, signal_id
from argo.domain.symbols import Symbol
from argo.ports import Telemetry
from generation import indicators
from generation.consensus import Consensus, consensus
from generation.levels import levels
from generation.polling import Answers, Asked, Given, Poll, to_ask
from generation.regime import CONFIDENCE_FACTOR
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

    def signals(self, market: Mapping[Symbol, BarSeries], now: datetime) -> list[Signal]:
        """Return the signals that the last bars give, where the consensus has crossed into one.

        A consensus that held one bar earlier gives none: a signal is a crossing, not a state (FAILURES B13). The
        bar before is looked at again only where it matters and what was found on it is not known any more.
        """
        poll = Poll(self.sources, float(self.rules.source_seconds), self.telemetry)
        asked = to_ask(market)
        answers = poll.ask(asked)
        agreed = self._agreements(answers)
        before = self._sides_before(poll, {symbol: market[symbol] for symbol in agreed})
        if not poll.is_whole:
            # Both bars by the same sources: one may have failed on the bar before only.
            standing = poll.standing(answers)
            agreed = self._agreements({symbol: standing[symbol] for symbol in agreed if symbol in standing})
        self._remember(market, agreed if poll.is_whole else None)
        crossed = ((symbol, found) for symbol, found in agreed.items() if before.get(symbol) is not found.side)
        built = (self._build(symbol, asked[symbol], found, now) for symbol, found in crossed)
        return [signal for signal in built if signal is not None]

    def _sides_before(self, poll: Poll, market: Mapping[Symbol, BarSeries]) -> dict[Symbol, Side | None]:
        """Return each consensus' side one bar earlier, by the sources that stand now."""
        remembered = {
            symbol: self._known[symbol][1]
            for symbol, bars in market.items()
            if len(bars) > 1 and symbol in self._known and self._known[symbol][0] == bars.seconds.item(-2)
        }
        unknown = {symbol: bars for symbol, bars in market.items() if symbol not in remembered and len(bars) > 1}
        answers = poll.ask(to_ask({symbol: bars.before() for symbol, bars in unknown.items()}))
        if not poll.is_whole and remembered:
            answers |= poll.ask(to_ask({symbol: market[symbol].before() for symbol in remembered}))
            remembered = {}
        found = self._agreements(answers if poll.is_whole else poll.standing(answers))
        return remembered | {symbol: agreement.side for symbol, agreement in found.items()}

    def _remember(
        self, market: Mapping[Symbol, BarSeries], agreed: Mapping[Symbol, Consensus[Given]] | None
    ) -> None:
        """Keep what was found on these bars; nothing where a source had failed, as it may not the next time."""
        if agreed is None:
            for symbol in market:
                self._known.pop(symbol, None)
            return
        for symbol, bars in market.items():
            self._known[symbol] = bars.began, agreed[symbol].side if symbol in agreed else None

    def _agreements(self, answers: Answers) -> dict[Symbol, Consensus[Given]]:
        """Return the consensus on each symbol that has one."""
        each = ((symbol, consensus(given, self.rules)) for symbol, given in answers.items())
        return {symbol: found for symbol, found in each if found is not None}

    def _build(self, symbol: Symbol, asked: Asked, agreed: Consensus[Given], now: datetime) -> Signal | None:
        bars, regime = asked.bars, asked.regime
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
            votes=tuple(
                Vote(source=vote.source, side=vote.side, confidence=vote.confidence, weight=vote.weight)
                for vote in agreed.votes
            ),
        )


def oldest_fresh(timeframe: Timeframe, now: datetime) -> datetime:
    """Return the start of the oldest bar that may still be traded on (FAILURES A30).

    Three bars back for intraday timeframes; for daily bars five days, which covers a long weekend.
    """
    limit = _DAILY_MAXIMUM_AGE if timeframe is Timeframe.DAY else 3 * timeframe.duration
    return now - limit - timeframe.duration
