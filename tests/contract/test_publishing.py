from collections import Counter

import pytest

from argo.adapters.wiring import Adapters
from argo.domain.signal import Signal
from argo.environment import Environment
from argo.ports import Sent
from argo.publishing import Publisher
from simulation.ports.clock import SteppedClock
from tests.contract.backends import Plain, together
from tests.contract.workers import BOTH, signals
from tests.unit.builders import NOW, a_signal
from worlds.paths import TEMPLATE


class CrashesOnce:
    """A queue in front of which the process dies before the first send."""

    def __init__(self, queue):
        self.queue = queue
        self.crashed = False

    async def send(self, batch):
        if not self.crashed:
            self.crashed = True
            raise ConnectionError("the process ends here")
        return await self.queue.send(batch)


class RefusesOnce:
    """A queue that takes all but some signals of its first batch."""

    def __init__(self, queue, refused):
        self.queue = queue
        self.refused = {signal.signal_id for signal in refused}

    async def send(self, batch):
        refused, self.refused = self.refused, set()
        sent = await self.queue.send([signal for signal in batch if signal.signal_id not in refused])
        return Sent(sent.signal_ids, dict(sent.failures) | dict.fromkeys(refused, "InternalError"))


class Exchange:
    """A ledger, a queue per executor on ministack, and publishers that share them."""

    def __init__(self, ledger, ministack):
        self.ledger = ledger
        self.clock = SteppedClock(NOW)
        self.queues = {executor: ministack.queues() for executor in sorted(BOTH)}

    def publisher(self, **instead):
        queues = {executor: pair.queue.port for executor, pair in self.queues.items()}
        return Plain(Publisher(self.ledger.port, queues | instead, self.clock))

    @property
    def outbox(self):
        return {stored.signal.signal_id: stored.awaiting for stored in self.ledger.unpublished(limit=100)}

    def delivered(self):
        """Take every queue's messages: how often each signal is there, by executor."""
        return {
            executor: Counter(Signal.model_validate_json(body).signal_id for body in pair.bodies())
            for executor, pair in self.queues.items()
        }


@pytest.fixture
def exchange(faithful, ministack):
    return Exchange(faithful.ledger(), ministack)


def ids(batch):
    return {signal.signal_id for signal in batch}


def once(batch):
    return Counter(signal.signal_id for signal in batch)


def test_a_signal_is_stored_and_sent_to_every_executor(exchange):
    batch = signals(12)

    published = exchange.publisher().publish(batch)

    assert (published.created, published.messages, published.failures) == (ids(batch), 24, {})
    assert exchange.delivered() == {"argo": once(batch), "prop_firm": once(batch)}
    assert exchange.outbox == {}
    assert all(exchange.ledger.signal(signal.signal_id).published_to == BOTH for signal in batch)


def test_a11_a_signal_seen_again_is_not_sent_again(exchange):
    publisher = exchange.publisher()
    publisher.publish([a_signal(confidence=80)])

    again = publisher.publish([a_signal(confidence=90)])

    assert (again.created, again.messages) == (frozenset(), 0)
    assert exchange.delivered() == {"argo": once([a_signal()]), "prop_firm": once([a_signal()])}


def test_publishing_nothing_does_nothing(exchange):
    published = exchange.publisher().publish([])

    assert (published.created, published.messages, published.failures) == (frozenset(), 0, {})


def test_a_crash_between_put_and_send_leaves_the_signal_to_the_next_publication(exchange):
    first, second = signals(2)
    broken = {executor: CrashesOnce(pair.queue.port) for executor, pair in exchange.queues.items()}
    with pytest.raises(ConnectionError):
        exchange.publisher(**broken).publish([first])
    assert exchange.outbox == {first.signal_id: BOTH}

    published = exchange.publisher().publish([second])

    assert (published.created, published.messages) == ({second.signal_id}, 4)
    assert exchange.delivered() == {"argo": once([first, second]), "prop_firm": once([first, second])}
    assert exchange.outbox == {}


def test_a_signal_seen_again_after_a_crash_is_sent_as_it_was_first_seen(exchange):
    first = a_signal(confidence=80)
    exchange.ledger.put_signal(first, executors=BOTH)

    published = exchange.publisher().publish([a_signal(confidence=95)])

    assert (published.created, published.messages) == (frozenset(), 2)
    assert [Signal.model_validate_json(body) for body in exchange.queues["argo"].bodies()] == [first]


def test_a_queue_that_fails_keeps_its_signals_in_the_outbox_and_loses_none(exchange):
    batch = signals(3)
    publisher = exchange.publisher(prop_firm=CrashesOnce(exchange.queues["prop_firm"].queue.port))

    with pytest.raises(ConnectionError):
        publisher.publish(batch)
    assert all("prop_firm" in awaiting for awaiting in exchange.outbox.values())
    assert set(exchange.outbox) == ids(batch)
    publisher.publish([])

    delivered = exchange.delivered()
    assert delivered["prop_firm"] == once(batch)
    assert set(delivered["argo"]) == ids(batch)
    assert exchange.outbox == {}


def test_what_a_queue_did_not_take_goes_out_with_the_next_publication_and_only_there(exchange):
    taken, refused, other = signals(3)
    publisher = exchange.publisher(prop_firm=RefusesOnce(exchange.queues["prop_firm"].queue.port, [refused]))

    published = publisher.publish([taken, refused])

    assert published.messages == 3
    assert published.failures == {("prop_firm", refused.signal_id): "InternalError"}
    assert exchange.outbox == {refused.signal_id: {"prop_firm"}}
    following = publisher.publish([other])
    assert (following.messages, following.failures, exchange.outbox) == (3, {}, {})
    assert exchange.delivered() == {
        "argo": once([taken, refused, other]),
        "prop_firm": once([taken, refused, other]),
    }


def test_an_executor_without_a_queue_is_a_failure_that_stays_in_the_outbox(exchange):
    exchange.ledger.put_signal(a_signal(), executors=BOTH | {"retired"})

    published = exchange.publisher().publish([])

    assert published.failures == {("retired", a_signal().signal_id): "no queue for this executor"}
    assert exchange.outbox == {a_signal().signal_id: {"retired"}}


def test_overlapping_publications_make_one_record_and_at_least_one_message_each(exchange):
    batch = signals(6)

    results = together(*(exchange.publisher().port.publish(batch) for _ in range(4)))

    created = [signal_id for published in results for signal_id in published.created]
    assert sorted(created) == sorted(ids(batch))
    for delivered in exchange.delivered().values():
        assert set(delivered) == ids(batch)
    assert exchange.outbox == {}
    listed = exchange.ledger.signals_of(NOW.date().isoformat(), limit=100).items
    assert [stored.signal for stored in listed] == batch[::-1]
    assert all(stored.published_to == BOTH for stored in listed)


def test_the_templates_own_table_and_queues_carry_a_signal_by_the_environment_alone(aws):
    resources = aws.create_resources(TEMPLATE, "contract")
    variables = {**aws.environment, **resources.environment("argo"), "ARGO_MODE": "simulated"}
    adapters = Adapters(Environment(variables), SteppedClock(NOW))

    published = Plain(Publisher(adapters.ledger, adapters.queues, adapters.clock)).publish([a_signal()])

    assert (published.messages, published.failures) == (len(BOTH), {})
    assert Plain(adapters.ledger).signal(a_signal().signal_id).published_to == BOTH
    for url in resources.queues.values():
        (message,) = Plain(adapters.queue_at(url)).receive()
        assert Signal.model_validate_json(message.body) == a_signal()
