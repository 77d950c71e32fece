"""One cycle: fetch what is new, ask the sources, publish; and the cadence of cycles within an invocation."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from argo.domain.faults import BrokerFault, Unauthorised
from argo.domain.metrics import Metric
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.ports import Unavailable
from argo.publishing import Published, by_cause
from argo.together import together
from generation.evaluation import oldest_fresh
from generation.judging import judge
from generation.series import BarSeries
from generation.shift import LONGEST, Shift
from generation.wiring import Wiring

_RESERVE = timedelta(seconds=12)
"""Time kept for the last cycle: a market-data call at its timeout and the writes after it."""


_NAMED = 10
"""Records that one line of the log names; their count is of all."""


class Shard(BaseModel):
    """One of ``count`` equal parts of the watchlist, counted from 0."""

    model_config = ConfigDict(frozen=True)

    index: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _index_within_count(self) -> Self:
        if self.index >= self.count:
            raise ValueError(f"index {self.index} is not below count {self.count}")
        return self

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, watchlist: Sequence[Symbol]) -> Sequence[Symbol]:
        return watchlist[self.index :: self.count]


class Tick(BaseModel):
    """The scheduler's payload; ``budget_seconds`` bounds how long new cycles may begin, 0 is a single one.

    Without a budget they begin until the next tick's generator takes over. Other fields are ignored.
    """

    model_config = ConfigDict(frozen=True)

    shard: Shard = Shard()
    budget_seconds: Annotated[float, Field(ge=0, le=840)] | None = None


@dataclass(slots=True)
class Report:
    """What an invocation did, as its result says.

    ``failed`` counts cycles without market data, the exchange's clock or the ledger. ``missing``, ``stale``,
    ``refused`` and ``closed`` are the last cycle's: symbols without data, with bars too old, with new bars that
    cannot have been traded, and how many were out of session.
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
    refused: list[str] = field(default_factory=list)


async def generate(event: Mapping[str, Any], wiring: Wiring, *, time_left: timedelta) -> dict[str, object]:
    """Run the cycles of one tick and report them.

    Raises:
        ValidationError: a field of the payload is wrong; names it and its value.
    """
    clock = wiring.ports.clock
    tick, began = Tick.model_validate(event), clock.now()

    def seconds_left() -> float:
        return (began + time_left - clock.now()).total_seconds()

    wiring.time_left.seconds = seconds_left
    if tick.budget_seconds is None:
        budget, shift = LONGEST, Shift(wiring.ports, str(tick.shard), began)
    else:
        budget, shift = timedelta(seconds=tick.budget_seconds), None
    until = began + min(budget, max(time_left - _RESERVE, timedelta()))
    return asdict(
        await run_cycles(wiring, tick.shard.of(wiring.configuration.watchlist), until=until, shift=shift)
    )


async def run_cycles(
    wiring: Wiring, symbols: Sequence[Symbol], *, until: datetime, shift: Shift | None = None
) -> Report:
    """Run a cycle now and then every ``interval_seconds``, as long as one begins before ``until``.

    With a ``shift``, the first cycle relieves who was at it before, and they end when somebody later takes over.

    A cycle that takes longer than the interval makes the ones it overlaps late: they are skipped and counted,
    never piled up (FAILURES A33).

    Raises:
        Unavailable: the ledger was not, in the last cycle; one before it is made up for by the next.
    """
    clock, telemetry, rules = wiring.ports.clock, wiring.ports.telemetry, wiring.configuration.generation
    interval = timedelta(seconds=rules.interval_seconds)
    report = Report()
    due = clock.now()
    while True:
        silence = await _try_cycle(wiring, symbols, report, shift)
        due += interval
        while due < clock.now() and due < until:
            report.skipped += 1
            telemetry.count(Metric.CYCLES_SKIPPED)
            due += interval
        if due >= until:
            break
        await clock.sleep_until(due)
        if shift is not None and not await shift.goes_on():
            break
    if silence is not None:
        raise silence
    return report


async def _try_cycle(
    wiring: Wiring, symbols: Sequence[Symbol], report: Report, shift: Shift | None
) -> Unavailable | None:
    """Make a cycle; where the ledger is not available, the next one looks at the same bars and at the outbox."""
    ports, rules = wiring.ports, wiring.configuration.generation
    silences: list[Unavailable] = []
    bars = await _cycle(wiring, symbols, report, silences)
    if shift is not None:
        await shift.take_over()
    if report.cycles == 1:
        # Once per invocation, and after the signals: nobody waits for it.
        report.judged = await judge(ports.ledger, bars, rules, ports.clock.now(), silences)
        ports.telemetry.count(Metric.SIGNALS_JUDGED, report.judged)
    if not silences:
        return None
    report.failed += 1
    ports.telemetry.count(Metric.AWS_UNAVAILABLE, len(silences))
    ports.telemetry.log.warning("aws_unavailable", times=len(silences), error=str(silences[0]))
    return silences[0]


async def _cycle(
    wiring: Wiring, symbols: Sequence[Symbol], report: Report, silences: list[Unavailable]
) -> Mapping[Symbol, BarSeries]:
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
    refused = sorted(wiring.history.refused.intersection(symbols))
    _tell_gaps(wiring, report, missing=sorted(market.missing), stale=stale, refused=refused)
    signals = wiring.evaluator.signals(unseen, now)
    published = await wiring.publisher.publish(signals)
    silences += published.silences
    if not published.silences:
        # Where a part of it failed, the next cycle looks at these bars again.
        wiring.evaluated.update({symbol: bars.began for symbol, bars in unseen.items()})
    _tell(wiring, report, published, signals)
    return market.bars


class _Market(NamedTuple):
    bars: Mapping[Symbol, BarSeries]
    missing: set[Symbol]
    in_session: frozenset[Symbol]
    faults: Sequence[BrokerFault]


async def _look(wiring: Wiring, symbols: Sequence[Symbol], now: datetime) -> _Market:
    """Look at the market: a request per feed, and the exchange's hours, at the same time.

    What one feed lacks keeps nothing from the other; without the exchange's hours stocks count as closed.
    """
    stocks, crypto = ([each for each in symbols if each.is_crypto is kind] for kind in (False, True))
    feeds = [feed for feed in (stocks, crypto) if feed]
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
    return _Market(bars, missing, frozenset(crypto) if isinstance(in_session, BrokerFault) else in_session, faults)


async def _or_fault[T](asked: Awaitable[T]) -> T | BrokerFault:
    try:
        return await asked
    except BrokerFault as fault:
        return fault


def _tell_faults(wiring: Wiring, report: Report, faults: Sequence[BrokerFault]) -> None:
    telemetry = wiring.ports.telemetry
    report.failed += bool(faults)
    for fault in faults:
        if isinstance(fault, Unauthorised):
            telemetry.log.error("market_data_refused", detail=fault.detail())
        else:
            telemetry.log.warning("market_data_failed", detail=fault.detail())
    refused = [isinstance(each, Unauthorised) for each in faults]
    telemetry.count(Metric.CREDENTIALS_REFUSED, any(refused))
    telemetry.count(Metric.FEED_FAILURES, not all(refused))


def _tell_gaps(
    wiring: Wiring, report: Report, *, missing: Sequence[str], stale: Sequence[str], refused: Sequence[str]
) -> None:
    """Name symbols that no signal can be made of, or not of all their bars; in the log only when they change."""
    telemetry = wiring.ports.telemetry
    gaps = (
        ("missing", missing, report.missing),
        ("stale", stale, report.stale),
        ("refused", refused, report.refused),
    )
    for reason, symbols, known in gaps:
        if symbols:
            telemetry.count(Metric.SYMBOLS_WITHOUT_DATA, len(symbols), reason=reason)
        if symbols and list(symbols) != known:
            telemetry.log.warning("symbols_without_data", reason=reason, symbols=symbols)
    report.missing, report.stale, report.refused = list(missing), list(stale), list(refused)


def _tell(wiring: Wiring, report: Report, published: Published, signals: Sequence[Signal]) -> None:
    telemetry = wiring.ports.telemetry
    report.signals += len(published.created)
    report.messages += published.messages
    telemetry.count(Metric.SIGNALS_GENERATED, len(published.created))
    telemetry.count(Metric.SIGNALS_PUBLISHED, published.messages)
    for signal in signals:
        if signal.signal_id in published.created:
            telemetry.log.info(
                "signal_generated",
                signal_id=signal.signal_id,
                symbol=signal.symbol,
                side=signal.side,
                confidence=float(signal.confidence),
                regime=signal.regime,
            )
    for event, of in (("signals_not_sent", published.failures), ("signals_withdrawn", published.withdrawn)):
        for (executor, reason), signal_ids in by_cause(of).items():
            # One line however many wait: an account that was taken away has as many in every cycle.
            named = signal_ids[:_NAMED]
            told = {"executor": executor, "reason": reason, "signals": len(signal_ids), "signal_ids": named}
            telemetry.log.warning(event, **told)
    for reason, count in Counter(published.withdrawn.values()).items():
        telemetry.count(Metric.SIGNALS_EXPIRED, count, reason=reason)
    if published.unreadable:
        telemetry.count(Metric.UNREADABLE_RECORDS, len(published.unreadable))
        names = {each.name: each.why for each in published.unreadable[:_NAMED]}
        telemetry.log.warning("records_unreadable", records=len(published.unreadable), named=names)
