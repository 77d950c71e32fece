"""A replay is the run: the same ledger from the same bars, whatever surrounds the functions."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, partial

import pytest

from argo.adapters.alpaca.rate_limit import REQUESTS_A_MINUTE
from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.faults import Throttled
from argo.environment import Environment, load_configuration
from argo.ports import GivenPorts
from argo.ports.interposed import InterposedBroker
from benchmarks.replay import market_of
from console import playing
from simulation.broker import SimulatedBroker
from simulation.market.bars import load_bars
from simulation.ports.clock import SteppedClock
from simulation.ports.event_source import LARGEST_BATCH
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.ledger.digest import contents
from simulation.ports.queue import InMemoryQueue
from tests.pipeline.pipeline import OPENS
from tests.unit.builders import a_signal
from worlds.backends import MODE, PunctualQueue, in_memory, on_embedded_aws, simulated_account
from worlds.paths import CONFIGURATION, SAMPLE_BARS, TEMPLATE
from worlds.play import configured_for, play

FIRST, LAST = date(2012, 12, 3), date(2013, 3, 1)
RIVALS = date(2006, 1, 3), date(2007, 6, 29)
"""A time in which signals of one moment compete for one account's limits."""

ARGUMENTS = ["replay", "--json", "--from", str(RIVALS[0]), "--to", str(RIVALS[1])]
SECOND = timedelta(seconds=1)


def market(last=LAST):
    history = load_bars(SAMPLE_BARS).between(last=last)
    return history, configured_for(load_configuration(CONFIGURATION), history)


def memory():
    return partial(in_memory, ledger=InMemoryLedger(mode=MODE))


def replay(first=FIRST, last=LAST):
    return asyncio.run(playing.play_bars(*market(last), playing.in_this_process(), first=first))


replayed = cache(replay)


@pytest.mark.deep
def test_batches_of_many_symbols_leave_the_same_ledger_too(aws):
    history = market_of(symbols=100, length=262)
    configuration = generous(configured_for(load_configuration(CONFIGURATION), history))
    resources = aws.create_resources(TEMPLATE, "batches")
    first = list(history)[-3].start.date()

    async def lines(backend):
        days = set()
        ledger = await play(
            history,
            configuration,
            backend=backend,
            log_to=None,
            first=first,
            on_step=lambda step, _: days.add(step.start.date().isoformat()),
        )
        return await contents(ledger, configuration.executors, days)

    backends = memory(), partial(on_embedded_aws, aws=aws, resources=resources)

    found, expected = (asyncio.run(lines(each)) for each in backends)

    assert found == expected
    assert sum("'attempts': Decimal('1')" in line for line in found) > 2 * LARGEST_BATCH


def generous(configuration):
    """Let every account take whatever it can pay for, a little of each."""
    limits = ("exposure_limit_percent", "correlated_positions", "position_limit", "orders_per_minute", "symbols")
    wide = dict.fromkeys(limits) | {"minimum_confidence": Decimal(70), "risk_per_trade_percent": Decimal("0.05")}
    accounts = {name: rules.model_copy(update=wide) for name, rules in configuration.accounts.items()}
    return configuration.model_copy(update={"accounts": accounts})


def test_a_replay_twice_is_the_same_replay():
    first, second = replayed(), replay()

    assert first.sha256 == second.sha256


def test_other_bars_are_another_ledger():
    assert replayed().sha256 != replay(last=date(2013, 2, 28)).sha256


@pytest.mark.deep
def test_a_replay_does_not_depend_on_how_python_orders_sets():
    """As on another machine: every process hashes strings its own way, the one of this test too."""
    command = [sys.executable, "-c", "from console.main import main; main()", *ARGUMENTS]

    told = subprocess.run(  # noqa: S603
        command, env=os.environ | {"PYTHONHASHSEED": "1"}, capture_output=True, check=True
    )

    assert json.loads(told.stdout)["ledger_sha256"] == replay(*RIVALS).sha256


class ThrottledOnce(InterposedBroker):
    """A broker that takes no order until its first is tried again."""

    def __init__(self, broker, clock, delay):
        super().__init__(broker, self._throttle)
        self._clock = clock
        self._delay = delay
        self.tried_at = []

    async def _throttle(self, name, method, /, *args, **kwargs):
        if name == "submit":
            self.tried_at.append(self._clock.now())
            if len(self.tried_at) == 1:
                raise Throttled("too many requests", until=self._clock.now() + self._delay)
        return await method(*args, **kwargs)


def played_with(delay):
    """Replay with a throttled broker; returns the broker, and the steps that were played."""
    history, configuration = market()
    steps, brokers = [], []

    @contextmanager
    def throttled_backend(engine, accounts, clock):
        with memory()(engine, accounts, clock) as usual:
            throttled = ThrottledOnce(usual.ports["argo"].broker, clock, delay)
            brokers.append(throttled)
            argo = GivenPorts.like(usual.ports["argo"], broker=throttled)
            yield replace(usual, ports={**usual.ports, "argo": argo})

    asyncio.run(
        play(
            history,
            configuration,
            backend=throttled_backend,
            log_to=None,
            first=FIRST,
            on_step=lambda step, _: steps.append(step),
        )
    )
    return brokers[0], steps


def test_a_message_that_comes_back_is_delivered_at_its_time():
    broker, steps = played_with(timedelta(seconds=70))

    first, second, *_ = broker.tried_at

    assert first in {step.start for step in steps}
    assert second == first + timedelta(seconds=70)


def test_a_message_that_comes_back_too_late_for_its_bar_is_delivered_at_the_bars_end():
    broker, steps = played_with(timedelta(hours=6))

    tried_in = next(step for step in steps if step.start == broker.tried_at[0])

    assert broker.tried_at[1] > tried_in.end  # Its signal has expired meanwhile: another's order is next.


def test_a_replayed_account_asks_the_broker_no_more_often_than_alpaca_allows():
    history, _ = market()
    engine = SimulatedBroker.replaying(history, [simulated_account("argo")])
    clock = SteppedClock(engine.clock.now)

    async def ask():
        with memory()(engine, {"argo": simulated_account("argo")}, clock) as connected:
            for _ in range(REQUESTS_A_MINUTE):
                await connected.ports["argo"].broker.positions()

    with pytest.raises(Throttled, match="request budget"):
        asyncio.run(ask())


@pytest.fixture(params=["memory", "embedded AWS"])
def queue(request, aws):
    clock = SteppedClock(OPENS)
    if request.param == "memory":
        return InMemoryQueue(clock, visibility=timedelta(minutes=3), max_receives=20), clock
    resources = aws.create_resources(TEMPLATE, "punctual")
    environment = Environment({"ARGO_MODE": "simulated"} | aws.environment | resources.environment("argo"))
    adapters = Adapters(environment, SystemClock())
    return PunctualQueue(adapters.queue, clock), clock


def test_both_queues_go_by_the_worlds_clock(queue):
    both, clock = queue

    async def scenario():
        seen = [both.next_visible_at()]
        await both.send([a_signal()])
        seen.append(both.next_visible_at())
        (message,) = await both.receive(10, 0)
        await both.defer(message.receipt_handle, 10 * SECOND)
        seen += [both.next_visible_at(), len(await both.receive(10, 0))]
        clock.set(OPENS + 9 * SECOND)
        seen.append(len(await both.receive(10, 0)))
        clock.set(OPENS + 10 * SECOND)
        (again,) = await both.receive(10, 0)
        seen.append(again.attributes["ApproximateReceiveCount"])
        await both.delete([again.receipt_handle])
        seen += [len(await both.receive(10, 0)), both.next_visible_at()]
        return seen

    found = asyncio.run(scenario())

    assert found == [None, OPENS, OPENS + 10 * SECOND, 0, 0, "2", 0, None]
