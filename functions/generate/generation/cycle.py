"""One cycle: fetch what is new, ask the sources, publish; and the cadence of cycles within an invocation."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from argo.domain.faults import BrokerFault, Unauthorised
from argo.domain.metrics import Metric
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.publishing import Published
from argo.together import together
from generation.evaluation import oldest_fresh
from generation.series import BarSeries
from generation.wiring import Wiring


@dataclass(slots=True)
class Report:
    """What an invocation did, as its result says.

    ``failed`` counts cycles that lacked market data or the exchange's clock. ``missing``, ``stale`` and ``closed``
    are the last cycle's: symbols without data, with bars too old, and how many were out of session.
    """

    cycles: int = 0
    skipped: int = 0
    failed: int = 0
    signals: int = 0
    messages: int = 0
    judged: int = 0
    closed: int = 0
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class _Market:
    """What a cycle knows: bars by symbol, the symbols in session, and what could not be had."""

    bars: Mapping[Symbol, BarSeries]
    missing: frozenset[Symbol]
    in_session: frozenset[Symbol]
    faults: Sequence[BrokerFault]


async def run_cycles(wiring: Wiring, symbols: Sequence[Symbol], *, until: datetime) -> Report:
    """Run a cycle now and then every ``interval_seconds``, as long as one begins before ``until``.

    A cycle that takes longer than the interval makes the ones it overlaps late: they are skipped and counted,
    never piled up (FAILURES A33).
    """
    interval = timedelta(seconds=wiring.configuration.generation.interval_seconds)
    report = Report()
    due = wiring.ports.clock.now()
    while True:
        market = await _cycle(wiring, symbols, report)
        if report.cycles == 1:
            # Once per invocation, and after the signals: nobody waits for it.
            report.judged = await wiring.judge.judge(market.bars, wiring.ports.clock.now())
            wiring.ports.telemetry.count(Metric.SIGNALS_JUDGED, report.judged)
        due += interval
        while due < wiring.ports.clock.now() and due < until:
            report.skipped += 1
            wiring.ports.telemetry.count(Metric.CYCLES_SKIPPED)
            due += interval
        if due >= until:
            return report
        await wiring.ports.clock.sleep_until(due)


async def _cycle(wiring: Wiring, symbols: Sequence[Symbol], report: Report) -> _Market:
    report.cycles += 1
    wiring.ports.telemetry.count(Metric.GENERATION_CYCLES)
    now = wiring.ports.clock.now()
    market = await _look(wiring, symbols, now)
    oldest = oldest_fresh(wiring.configuration.generation.timeframe, now).timestamp()
    open_ones = {symbol: bars for symbol, bars in market.bars.items() if symbol in market.in_session}
    stale = sorted(symbol for symbol, bars in open_ones.items() if bars.began < oldest)
    unseen = {
        symbol: bars
        for symbol, bars in open_ones.items()
        if bars.began >= oldest and wiring.evaluated.get(symbol) != bars.began
    }
    report.closed = len(market.bars) - len(open_ones)
    _tell_faults(wiring, report, market.faults)
    _tell_gaps(wiring, report, missing=sorted(market.missing), stale=stale)
    signals = wiring.evaluator.signals(unseen, now)
    published = await wiring.publisher.publish(signals)
    # Only now: a cycle that fails before looks at these bars again.
    wiring.evaluated.update({symbol: bars.began for symbol, bars in unseen.items()})
    _tell(wiring, report, published, signals)
    return market


async def _look(wiring: Wiring, symbols: Sequence[Symbol], now: datetime) -> _Market:
    """Look at the market: a request per feed, and the exchange's hours, at the same time.

    What one feed lacks keeps nothing from the other; without the exchange's hours stocks count as closed.
    """
    feeds = [feed for feed in _by_feed(symbols) if feed]
    answers, in_session = await asyncio.gather(
        together(*(_or_fault(wiring.history.extend(feed, now)) for feed in feeds)),
        _or_fault(wiring.sessions.tradable(symbols, now)),
    )
    bars: dict[Symbol, BarSeries] = {}
    missing: set[Symbol] = set()
    for feed, answer in zip(feeds, answers, strict=True):
        if not isinstance(answer, BrokerFault):
            bars |= answer
            missing |= set(feed) - set(answer)
    faults = [each for each in (*answers, in_session) if isinstance(each, BrokerFault)]
    if isinstance(in_session, BrokerFault):
        in_session = frozenset(symbol for symbol in symbols if symbol.is_crypto)
    return _Market(bars, frozenset(missing), in_session, faults)


def _by_feed(symbols: Sequence[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
    return [each for each in symbols if not each.is_crypto], [each for each in symbols if each.is_crypto]


async def _or_fault[T](asked: Awaitable[T]) -> T | BrokerFault:
    try:
        return await asked
    except BrokerFault as fault:
        return fault


def _tell_faults(wiring: Wiring, report: Report, faults: Sequence[BrokerFault]) -> None:
    report.failed += bool(faults)
    for fault in faults:
        if isinstance(fault, Unauthorised):
            wiring.ports.telemetry.log.error("market_data_refused", detail=fault.detail())
        else:
            wiring.ports.telemetry.log.warning("market_data_failed", detail=fault.detail())
    refused = [isinstance(each, Unauthorised) for each in faults]
    wiring.ports.telemetry.count(Metric.CREDENTIALS_REFUSED, any(refused))
    wiring.ports.telemetry.count(Metric.FEED_FAILURES, not all(refused))


def _tell_gaps(wiring: Wiring, report: Report, *, missing: Sequence[str], stale: Sequence[str]) -> None:
    """Name symbols that no signal can be made of; in the log only when they change."""
    for reason, symbols, known in (("missing", missing, report.missing), ("stale", stale, report.stale)):
        if symbols:
            wiring.ports.telemetry.count(Metric.SYMBOLS_WITHOUT_DATA, len(symbols), reason=reason)
        if symbols and list(symbols) != known:
            wiring.ports.telemetry.log.warning("symbols_without_data", reason=reason, symbols=symbols)
    report.missing, report.stale = list(missing), list(stale)


def _tell(wiring: Wiring, report: Report, published: Published, signals: Sequence[Signal]) -> None:
    report.signals += len(published.created)
    report.messages += published.messages
    wiring.ports.telemetry.count(Metric.SIGNALS_GENERATED, len(published.created))
    wiring.ports.telemetry.count(Metric.SIGNALS_PUBLISHED, published.messages)
    for signal in signals:
        if signal.signal_id in published.created:
            wiring.ports.telemetry.log.info(
                "signal_generated",
                signal_id=signal.signal_id,
                symbol=signal.symbol,
                side=signal.side,
                confidence=float(signal.confidence),
                regime=signal.regime,
            )
    for (executor, signal_id), reason in published.failures.items():
        wiring.ports.telemetry.log.warning(
            "signal_not_sent", signal_id=signal_id, executor=executor, reason=reason
        )
