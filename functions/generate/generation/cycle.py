"""One cycle: fetch what is new, ask the sources, publish; and the cadence of cycles within an invocation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo.domain.faults import BrokerFault, Unauthorised
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.observability import Metric
from argo.publishing import Published
from generation.evaluation import is_stale
from generation.wiring import Wiring


@dataclass(slots=True)
class Report:
    """What an invocation did, as its result says."""

    cycles: int = 0
    skipped: int = 0
    failed: int = 0
    signals: int = 0
    messages: int = 0
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain JSON."""
        return {
            "cycles": self.cycles,
            "skipped": self.skipped,
            "failed": self.failed,
            "signals": self.signals,
            "messages": self.messages,
            "missing": self.missing,
            "stale": self.stale,
        }


async def run_cycles(wiring: Wiring, symbols: Sequence[Symbol], *, until: datetime) -> Report:
    """Run a cycle now and then every ``interval_seconds``, as long as one begins before ``until``.

    A cycle that takes longer than the interval makes the ones it overlaps late: they are skipped and counted,
    never piled up (FAILURES A33).
    """
    interval = timedelta(seconds=wiring.configuration.generation.interval_seconds)
    report = Report()
    due = wiring.clock.now()
    while True:
        await _cycle(wiring, symbols, report)
        due += interval
        while due < wiring.clock.now() and due < until:
            report.skipped += 1
            wiring.telemetry.count(Metric.CYCLES_SKIPPED)
            due += interval
        if due >= until:
            return report
        await wiring.clock.sleep_until(due)


async def _cycle(wiring: Wiring, symbols: Sequence[Symbol], report: Report) -> None:
    report.cycles += 1
    wiring.telemetry.count(Metric.GENERATION_CYCLES)
    now = wiring.clock.now()
    try:
        history = await wiring.history.extend(symbols, now)
    except BrokerFault as fault:
        report.failed += 1
        refused = isinstance(fault, Unauthorised)
        (wiring.telemetry.log.error if refused else wiring.telemetry.log.warning)(
            "market_data_refused" if refused else "market_data_failed", detail=fault.detail()
        )
        history, report.missing = {}, []
    else:
        report.missing = sorted(set(symbols) - set(history))
        if report.missing:
            wiring.telemetry.log.warning("symbols_without_data", symbols=report.missing)
    timeframe = wiring.configuration.generation.timeframe
    report.stale = sorted(symbol for symbol, bars in history.items() if is_stale(bars[-1], timeframe, now))
    fresh = {symbol: bars for symbol, bars in history.items() if symbol not in report.stale}
    unseen = {symbol: bars for symbol, bars in fresh.items() if wiring.evaluated.get(symbol) != bars[-1].time}
    evaluated = (wiring.evaluator.signal(symbol, bars, now) for symbol, bars in unseen.items())
    signals = [signal for signal in evaluated if signal is not None]
    published = await wiring.publisher.publish(signals)
    # Only now: a cycle that fails before looks at these bars again.
    wiring.evaluated.update({symbol: bars[-1].time for symbol, bars in unseen.items()})
    _tell(wiring, report, published, signals)


def _tell(wiring: Wiring, report: Report, published: Published, signals: Sequence[Signal]) -> None:
    report.signals += len(published.created)
    report.messages += published.messages
    wiring.telemetry.count(Metric.SIGNALS_GENERATED, len(published.created))
    wiring.telemetry.count(Metric.SIGNALS_PUBLISHED, published.messages)
    for signal in signals:
        if signal.signal_id in published.created:
            wiring.telemetry.log.info(
                "signal_generated",
                signal_id=signal.signal_id,
                symbol=signal.symbol,
                side=signal.side,
                confidence=float(signal.confidence),
                regime=signal.regime,
            )
    for (executor, signal_id), reason in published.failures.items():
        wiring.telemetry.log.warning("signal_not_sent", signal_id=signal_id, executor=executor, reason=reason)
