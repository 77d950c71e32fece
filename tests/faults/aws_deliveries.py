"""Executors, each with a message that comes in virtual time, on an AWS whose answers can be unkind."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from argo.domain.account import TradingState
from argo.domain.signal import Side
from execution.batch import execute_batch
from execution.wiring import from_environment
from simulation.broker.server import Fault
from simulation.ports.event_source import EventSourceMapping
from simulation.ports.queue import InMemoryQueue
from tests.faults.aws_places import Place
from tests.faults.matrix import POST
from tests.pipeline.pipeline import PRICE
from tests.unit.builders import a_message
from worlds.paths import TEMPLATE
from worlds.template import read_template

_QUEUE = read_template(TEMPLATE)["Resources"]["ArgoQueue"]["Properties"]
_FOR_LONG = timedelta(hours=1)


class QueueInVirtualTime(InMemoryQueue):
    """A queue whose requests SQS is sent too, and has to take first: its own clock is no test's."""

    def __init__(self, clock, sqs, receipt_handle=None):
        super().__init__(
            clock,
            visibility=timedelta(seconds=_QUEUE["VisibilityTimeout"]),
            max_receives=_QUEUE["RedrivePolicy"]["maxReceiveCount"],
        )
        self._sqs = sqs
        self._receipt_handle = receipt_handle

    async def defer(self, receipt_handle, delay):
        if self._receipt_handle is not None:
            await self._sqs.defer(self._receipt_handle, delay + _FOR_LONG)
        await super().defer(receipt_handle, delay)

    async def quarantine(self, body, reason, detail):
        await self._sqs.quarantine(body, reason, detail)
        await super().quarantine(body, reason, detail)


class Delivery(Place):
    """An executor with one message, delivered until it does not come back.

    Attributes:
        took: virtual time until then, with the SDK's own waits in it.
    """

    receipt_handle = None

    @property
    def body(self):
        return self.signal.model_dump_json()

    def arrange(self):
        self.pipeline.store(self.signal, to=self.executor)

    def work(self):
        began = self.pipeline.clock.now()
        wiring = self.wired(from_environment)
        queue = QueueInVirtualTime(self.pipeline.clock, wiring.ports.queue, self.receipt_handle)
        wiring = self.wired(from_environment, queue=self.noting(queue))

        async def invoke(event):
            return await execute_batch(event, wiring, seconds_left=lambda: 30.0)

        def fail(error):
            raise error

        asyncio.run(queue.send_body(self.body))
        mapping = EventSourceMapping(queue, invoke, on_error=fail)
        while (due := queue.next_visible_at()) is not None:
            self.pipeline.pass_time(max(due - self.pipeline.clock.now(), timedelta()))
            asyncio.run(mapping.poll())
        self.took = self.pipeline.clock.now() - began


class Entry(Delivery):
    """A signal becomes an order."""

    def outcome(self):
        execution, account = self.execution, self.account
        assert [each.id for each in self.orders] == [execution.order_id]
        assert account.trading_state is TradingState.ACTIVE
        assert account.reserved_notional == execution.reserved_notional > 0
        return execution.state


class GivenBack(Entry):
    """The broker is busy at first: the message is given back, and its order is placed later."""

    def arrange(self):
        self.receipt_handle = self.pipeline.event_of(self.signal)["Records"][0]["receiptHandle"]
        busy = Fault(**POST, status=429, body={"message": "too many requests."})
        self.pipeline.server.faults.add(busy)


class Denied(Delivery):
    """A signal that the account's rules deny."""

    changes: Mapping[str, object] = {"minimum_confidence": 99}

    def outcome(self):
        assert self.orders == []
        return self.execution.state, self.execution.reason


class Malformed(Delivery):
    """A message that no retry can mend, of a signal that the ledger knows."""

    @property
    def body(self):
        return a_message(signal_id=self.signal.signal_id, schema_version=99)

    def outcome(self):
        bodies = [message["Body"] for message in self.pipeline.dead_letters()]
        self.pipeline.empty_dead_letters()
        # At least once: whoever crashes after it sets it aside again.
        assert set(bodies) == {self.body}
        return self.execution.state, self.execution.reason


class Exit(Delivery):
    """A signal against a position: it is sold, once."""

    def arrange(self):
        self.work_of(Entry)
        self.entry = self.signal
        self.pipeline.reconcile(self.executor)
        self.set_price(PRICE + Decimal("1.5"))
        self.signal = self.a_signal(side=Side.SELL)
        super().arrange()

    def outcome(self):
        self.pipeline.reconcile(self.executor)
        out = [each for each in self.orders if "-exit" in each.client_order_id]
        assert len(out) == 1
        assert self.pipeline.held(self.symbol) == 0
        assert self.account.holdings == {}
        entry = asyncio.run(self.ledger.execution(self.entry.signal_id, self.executor))
        assert (entry.realised_profit, entry.exit.order_id) == (out[0].quantity * Decimal("1.5"), out[0].id)
        return self.execution.state, entry.state
