"""The generator on real queues and a real ledger, ending in the middle, twice, or beside itself.

Whatever happens, each (strategy, symbol, side, bar) is one signal, every account that wants it gets at least one
message, and places at most one order.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.ports import GivenPorts, Sent
from argo.ports.interposed import InterposedQueue
from generation.cycle import run_cycles
from generation.wiring import wire
from tests.deep import sampled
from tests.interposing import INTERPOSED
from tests.pipeline.pipeline import EXECUTORS, OPENS
from tests.unit.generation.bars import bars_of
from tests.unit.generation.generator import JUMP, QUIET, Above, a_configuration, rules, weighted
from tests.unit.generation.in_memory import Exchange, Feed, Journal

WATCHED = [Symbol("AAPL"), Symbol("MSFT")]
NOW = OPENS.replace(second=0)


class Crashed(BaseException):
    """The process has ended."""


class Mortal:
    """One of a port's calls, the ``nth`` of a method, ends the process before or after it is done."""

    def __init__(self, method, nth, when):
        self._method, self._nth, self._when = method, nth, when

    async def __call__(self, name, method, /, *args, **kwargs):
        self._nth -= name == self._method
        is_the_one = name == self._method and self._nth == 0
        if is_the_one and self._when == "before":
            raise Crashed
        answer = await method(*args, **kwargs)
        if is_the_one:
            raise Crashed
        return answer


class RefusesOnce:
    """SQS takes a queue's first batch in part."""

    refuses = True

    async def __call__(self, _name, send, signals, /):
        if not self.refuses or not signals:
            return await send(signals)
        self.refuses = False
        sent = await send(signals[1:])
        return Sent(sent.signal_ids, {**sent.failures, signals[0].signal_id: "InternalError"})


def a_generator(pipeline, *, ledger=None, queues=None):
    """Wire a generator that has just started, in a market that crosses above 100 in the last bar."""
    pipeline.clock.set(NOW)
    ports = GivenPorts(
        ledger=ledger or pipeline.ledger,
        broker=Exchange(pipeline.clock.now),
        market_data=Feed({symbol: bars_of([*QUIET, JUMP], end=NOW) for symbol in WATCHED}, pipeline.clock),
        queue=None,
        queues=queues or {name: pipeline.queue(name) for name in EXECUTORS},
        clock=pipeline.clock,
        telemetry=Journal().telemetry,
    )
    wiring = wire(ports, a_configuration(generation=rules()), asking=weighted(above=Above(100, 98.0)))
    return replace(wiring, publisher=replace(wiring.publisher, profiles=pipeline.profiles))


def run(wiring, budget=timedelta()):
    return asyncio.run(run_cycles(wiring, WATCHED, until=wiring.ports.clock.now() + budget))


def end_well(pipeline):
    """Run the next invocation, which starts cold, and let the executors have what is in their queues."""
    run(a_generator(pipeline))
    for symbol in WATCHED:
        pipeline.set_price(symbol, JUMP)
    for executor in EXECUTORS:
        pipeline.poll(executor, times=2)


def received(pipeline):
    """Count the messages by signal id."""
    records = [record for event, _ in pipeline.invocations for record in event["Records"]]
    return Counter(Signal.model_validate_json(record["body"]).signal_id for record in records)


def assert_once_each(pipeline):
    page = asyncio.run(pipeline.ledger.signals_of(NOW.date().isoformat(), limit=100))
    facts = [
        (each.signal.strategy, each.signal.symbol, each.signal.side, each.signal.bar_time) for each in page.items
    ]
    assert len(facts) == len(set(facts)) == len(WATCHED)
    assert all(each.published_to == set(EXECUTORS) and not each.awaiting for each in page.items)
    for stored in page.items:
        assert received(pipeline)[stored.signal.signal_id] >= len(EXECUTORS)
    for executor in EXECUTORS:
        assert Counter(order.symbol for order in pipeline.broker_orders(executor)) == Counter(WATCHED)
        executions = [pipeline.execution(each.signal, executor) for each in page.items]
        assert all(execution.order_id for execution in executions)


CALLS = [
    ("ledger", "put_signal", 1),
    ("ledger", "put_signal", 2),
    ("ledger", "unpublished", 1),
    ("argo", "send", 1),
    ("prop_firm", "send", 1),
    ("ledger", "mark_published", 1),
    ("ledger", "mark_published", 2),
    ("ledger", "unjudged", 1),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("port", "method", "nth"), sampled(CALLS, every=3))
def test_b06_a_crash_at_any_call_of_a_cycle_loses_nothing_and_doubles_nothing(pipeline, port, method, nth, when):
    ports = {"ledger": pipeline.ledger} | {name: pipeline.queue(name) for name in EXECUTORS}
    ports[port] = INTERPOSED.get(port, InterposedQueue)(ports[port], Mortal(method, nth, when))
    with pytest.raises(Crashed):
        run(a_generator(pipeline, ledger=ports.pop("ledger"), queues=ports))

    end_well(pipeline)

    assert_once_each(pipeline)


def test_b13_the_same_tick_twice_is_one_signal_and_one_order_each(pipeline):
    first, second = run(a_generator(pipeline)), run(a_generator(pipeline))

    end_well(pipeline)

    assert (first.signals, second.signals, second.messages) == (2, 0, 0)
    assert_once_each(pipeline)


def test_b13_overlapping_invocations_are_one_signal_and_one_order_each(pipeline):
    wirings = [a_generator(pipeline) for _ in range(4)]

    async def at_once():
        return await asyncio.gather(*(run_cycles(each, WATCHED, until=NOW) for each in wirings))

    reports = asyncio.run(at_once())
    end_well(pipeline)

    assert sum(report.signals for report in reports) == 2
    assert_once_each(pipeline)


def test_what_a_queue_took_in_part_goes_out_in_the_next_cycle(pipeline):
    queues = {
        "argo": InterposedQueue(pipeline.queue("argo"), RefusesOnce()),
        "prop_firm": pipeline.queue("prop_firm"),
    }
    generator = a_generator(pipeline, queues=queues)

    report = run(generator, timedelta(seconds=6))

    assert (report.cycles, report.messages) == (2, 4)
    assert generator.ports.telemetry.counts["SignalsPublished"] == 4
    end_well(pipeline)
    assert_once_each(pipeline)
    assert set(received(pipeline).values()) == {len(EXECUTORS)}


def test_an_account_that_does_not_want_a_signal_is_sent_none_and_it_adds_up(pipeline):
    pipeline.configured("prop_firm", minimum_confidence=90)

    end_well(pipeline)

    page = asyncio.run(pipeline.ledger.signals_of(NOW.date().isoformat(), limit=100))
    assert [dict(each.declined) for each in page.items] == [{"prop_firm": "confidence_below_minimum"}] * 2
    assert all(each.published_to == {"argo"} for each in page.items)
    assert (len(pipeline.broker_orders("argo")), len(pipeline.broker_orders("prop_firm"))) == (2, 0)
    assert not any(pipeline.execution(each.signal, "prop_firm") for each in page.items)
