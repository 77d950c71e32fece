"""A stage for the executor: real SQS and DynamoDB on ministack, the simulated broker over HTTP, a told clock."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from argo.adapters.wiring import Adapters
from argo.domain.account import TradingState
from argo.domain.config import Configuration
from argo.domain.profile import Profile
from argo.environment import Environment, load_configuration
from console.paths import CONFIGURATION
from console.play import broker_environment
from execution import wiring as execution_wiring
from execution.batch import execute_batch
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.clock import SteppedClock
from simulation.event_source import EventSourceMapping
from tests.unit.builders import a_signal

OPENS = datetime(2026, 3, 2, 15, 1, 5, tzinfo=UTC)
PRICE = Decimal(100)
SYMBOLS = ("AAPL", "MSFT", "IBM", "GOOG", "FB", "SPY", "QQQ", "NVDA", "TSLA", "AMZN")
EXECUTORS = ("argo", "prop_firm")


def a_broker() -> BrokerServer:
    accounts = [AccountSettings(key_id=name, secret_key=name, cash=Decimal(1_000_000)) for name in EXECUTORS]
    broker = SimulatedBroker(accounts, starts_at=OPENS, symbols=SYMBOLS)
    broker.set_clock(OPENS, is_open=True)
    for symbol in SYMBOLS:
        broker.set_price(symbol, PRICE)
    return BrokerServer(broker, requests_per_minute=None)


class Stage:
    """Signals, deliveries and what the ledger and the broker hold afterwards."""

    def __init__(self, aws, resources, background: BackgroundServer):
        self.clock = SteppedClock(OPENS)
        self.background = background
        self.server = background.server
        self.logs = io.StringIO()
        self._aws = aws
        self.resources = resources
        self._adapters = {name: Adapters(self._environment(name), self.clock) for name in EXECUTORS}
        self.ledger = self._adapters["argo"].ledger
        self.sqs = aws.client("sqs")
        self.configuration = load_configuration(CONFIGURATION)
        self.invocations = []

    def variables(self, name: str, *, executor: str | None = None) -> dict[str, str]:
        """Return an account's environment; ``executor`` stands in for it, with its queue and its key."""
        return (
            {"ARGO_MODE": "simulated"}
            | self._aws.environment
            | self.resources.environment(name)
            | broker_environment(self.background.url, AccountSettings(key_id=name, secret_key=name))
            | {"ARGO_EXECUTOR": executor or name}
        )

    def _environment(self, name: str) -> Environment:
        if name in EXECUTORS:
            return Environment(self.variables(name))
        return Environment(self.variables("argo", executor=name))

    def small_profile(self) -> Profile:
        """Return an account's rules with small sizes."""
        return self.configuration.accounts["argo"].model_copy(update={"risk_per_trade_percent": Decimal("0.01")})

    def configured(self, executor: str, **changes: object) -> None:
        """Change an account's profile."""
        profile = self.configuration.accounts[executor].model_copy(update=changes)
        accounts = {**self.configuration.accounts, executor: profile}
        self.configuration = Configuration.model_construct(**{**dict(self.configuration), "accounts": accounts})

    def executor(self, name: str = "argo") -> execution_wiring.Wiring:
        return execution_wiring.from_environment(
            self._environment(name), self.clock, profile=self.configuration.profile(name), log_to=self.logs
        )

    def store(self, *signals, to: str = "argo") -> None:
        """Put signals into the ledger as published, without a message."""

        async def put():
            for signal in signals:
                await self.ledger.put_signal(signal, executors={to})
                await self.ledger.mark_published(signal.signal_id, {to})

        asyncio.run(put())

    def publish(self, *signals, to: str = "argo") -> None:
        self.store(*signals, to=to)
        assert not asyncio.run(self._adapters[to].queue.send(signals)).failures

    def queue(self, to: str = "argo"):
        return self._adapters[to].queue

    def dead_letter_consumer(self, to: str = "argo"):
        return self._adapters[to].consumer(self.resources.dead_letter_queues[to])

    def dead_letter(self, body: str, to: str = "argo") -> None:
        self.sqs.send_message(QueueUrl=self.resources.dead_letter_queues[to], MessageBody=body)

    def empty_dead_letters(self, to: str = "argo") -> None:
        self.sqs.purge_queue(QueueUrl=self.resources.dead_letter_queues[to])

    def event_of(self, signal, to: str = "argo"):
        """Store a signal, send it and receive its message, as the event that Lambda would make of it.

        Whatever else was in the queue is gone: messages that wait for their next delivery, for example.
        """
        self.sqs.purge_queue(QueueUrl=self.resources.queues[to])
        self.publish(signal, to=to)
        consumer = self._adapters[to].consumer(self.resources.queues[to])
        caught = []

        async def catch(event):
            caught.append(event)
            return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}

        asyncio.run(EventSourceMapping(consumer, catch, on_error=print, batch_size=1).poll())
        return caught[0]

    def resume(self, executor: str) -> None:
        asyncio.run(
            self.ledger.set_trading_state(
                executor, TradingState.ACTIVE, reason="resumed by a person", now=self.clock.now()
            )
        )

    def send_raw(self, body: str, to: str = "argo") -> None:
        self.sqs.send_message(QueueUrl=self.resources.queues[to], MessageBody=body)

    def poll(self, name: str = "argo", *, times: int = 1):
        """Feed what waits in the queue to the executor as Lambda would; keeps each event with its answer."""
        wiring = self.executor(name)

        async def function(event):
            answer = await execute_batch(event, wiring, seconds_left=lambda: 30.0)
            self.invocations.append((event, answer))
            return answer

        def failed(error):
            raise error

        consumer = self._adapters[name].consumer(self.resources.queues[name])
        mapping = EventSourceMapping(consumer, function, on_error=failed)

        async def run():
            return [await mapping.poll() for _ in range(times)]

        return asyncio.run(run())[-1]

    def redeliver(self, event=None, name: str = "argo", *, receives: int = 2, seconds_left: float = 30.0):
        """Invoke the executor again with an event's records, as after their visibility has ended."""
        event = event or self.invocations[-1][0]
        for record in event["Records"]:
            record["attributes"]["ApproximateReceiveCount"] = str(receives)
        return asyncio.run(execute_batch(event, self.executor(name), seconds_left=lambda: seconds_left))

    def reconcile(self, name: str = "argo"):
        profile = self.configuration.profile(name) if name in EXECUTORS else self.small_profile()
        wiring = reconciliation_wiring.from_environment(
            self._environment(name), self.clock, profile=profile, log_to=self.logs
        )
        return asyncio.run(reconcile(wiring))

    def execution(self, signal, executor: str = "argo"):
        return asyncio.run(self.ledger.execution(signal.signal_id, executor))

    def account(self, executor: str = "argo"):
        return asyncio.run(self.ledger.account(executor))

    def pass_time(self, by: timedelta) -> None:
        self.clock.set(self.clock.now() + by)
        self.background.call(partial(self.server.broker.set_clock, self.clock.now(), is_open=True))

    def set_price(self, symbol: str, price: Decimal) -> None:
        self.background.call(partial(self.server.broker.set_price, symbol, price))

    def broker_orders(self, executor: str = "argo"):
        """Return the parent orders at the broker, oldest first."""
        account = self.server.broker.accounts[executor]
        legs = {leg.id for order in account.orders.values() for leg in order.legs}
        return [order for order in account.orders.values() if order.id not in legs]

    def dead_letters(self, executor: str = "argo"):
        answer = self.sqs.receive_message(
            QueueUrl=self.resources.dead_letter_queues[executor],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def signals(count: int, **overrides: object):
    """Return distinct signals, one per symbol."""
    return [a_signal(symbol=symbol, **overrides) for symbol in SYMBOLS[:count]]


def failed(answer):
    """Return the ids of the messages that come back."""
    return {item["itemIdentifier"] for item in answer["batchItemFailures"]}
