"""The executor's pipeline: real SQS and DynamoDB on ministack, the simulated broker over HTTP, a told clock."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count

from rich.console import Console

from argo.adapters.wiring import Adapters
from argo.domain.account import TradingState
from argo.domain.profile import Profile
from argo.domain.signal import Regime
from argo.environment import Environment
from argo.records import one
from console.why import explained
from execution import wiring as execution_wiring
from execution.batch import execute_batch
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from simulation.broker import AccountSettings, SimulatedBroker, order_request
from simulation.broker.account import Account
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.ports.clock import SteppedClock
from simulation.ports.event_source import EventSourceMapping
from tests.unit.builders import a_signal
from worlds.backends import broker_environment

DAY = "2026-03-02"
OPENS = datetime(2026, 3, 2, 15, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PRICE = Decimal(100)
SYMBOLS = ("AAPL", "MSFT", "IBM", "GOOG", "FB", "SPY", "QQQ", "NVDA", "TSLA", "AMZN")
EXECUTORS = ("argo", "prop_firm")
PROFILES = {
    "argo": Profile(minimum_confidence=75, base_size_percent=10, size_cap_percent=15),
    "prop_firm": Profile(
        minimum_confidence=82,
        base_size_percent=3,
        size_cap_percent=3,
        scale_size=False,
        excluded_regimes={Regime.CRISIS},
        symbols={"SPY", "QQQ", "AAPL", "MSFT"},
    ),
}
"""Accounts without a limit: a test sets the ones it is about."""


def a_broker() -> BrokerServer:
    accounts = [AccountSettings(key_id=name, secret_key=name, cash=Decimal(1_000_000)) for name in EXECUTORS]
    broker = SimulatedBroker(accounts, starts_at=OPENS, symbols=SYMBOLS)
    broker.set_clock(OPENS, is_open=True)
    for symbol in SYMBOLS:
        broker.set_price(symbol, PRICE)
    return BrokerServer(broker, requests_per_minute=None)


_accounts = count()


class Pipeline:
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
        self.profiles = dict(PROFILES)
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
        return PROFILES["argo"].model_copy(update={"risk_per_trade_percent": Decimal("0.01")})

    def configured(self, executor: str, **changes: object) -> None:
        """Change an account's profile."""
        self.profiles[executor] = Profile(**dict(self.profiles[executor]) | changes)

    def executor(self, name: str = "argo") -> execution_wiring.Wiring:
        return execution_wiring.from_environment(
            self._environment(name), self.clock, profile=self.profiles[name], log_to=self.logs
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
        return self._adapters[to].queue_at(self.resources.dead_letter_queues[to])

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
        consumer = self._adapters[to].queue_at(self.resources.queues[to])
        caught = []

        async def catch(event):
            caught.append(event)
            return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}

        asyncio.run(EventSourceMapping(consumer, catch, on_error=print, batch_size=1).poll())
        return caught[0]

    def resume(self, executor: str = "argo") -> None:
        self.set_trading_state(TradingState.ACTIVE, executor, reason="resumed by a person")

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

        consumer = self._adapters[name].queue_at(self.resources.queues[name])
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
        profile = self.profiles[name] if name in EXECUTORS else self.small_profile()
        wiring = reconciliation_wiring.from_environment(
            self._environment(name), self.clock, profile=profile, log_to=self.logs
        )
        return asyncio.run(reconcile(wiring))

    def execution(self, signal, executor: str = "argo"):
        return asyncio.run(self.ledger.execution(signal.signal_id, executor))

    def account(self, executor: str = "argo"):
        return asyncio.run(self.ledger.account(executor))

    def execute(self, signal, name: str = "argo"):
        """Publish a signal and deliver it, again and again as Lambda would, until it is acknowledged."""
        self.publish(signal, to=name)
        self.poll(name)
        event, answer = self.invocations[-1]
        self.deliver_again(event, answer, name)
        return self.execution(signal, name)

    def deliver_again(self, event, answer, name: str = "argo") -> None:
        """Deliver an event whose answer gave it back, until nothing of it comes back any more."""
        for receives in range(2, 12):
            if not failed(answer):
                return
            self.pass_time(timedelta(seconds=15))
            answer = self.redeliver(event, name, receives=receives)
        raise AssertionError(f"it still comes back: {answer}")

    def hold(self, signal, name: str = "argo"):
        """Execute a signal and let the reconciler see what became of its order."""
        self.execute(signal, name)
        self.reconcile(name)
        return self.execution(signal, name)

    def events(self, to: str = "argo", *, count: int, batch_size: int = 10):
        """Receive what waits in the queue, as the events of ``count`` invocations."""
        consumer = self._adapters[to].queue_at(self.resources.queues[to])
        caught = []

        async def catch(event):
            caught.append(event)
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

        async def receive():
            mapping = EventSourceMapping(consumer, catch, on_error=print, batch_size=batch_size)
            for _ in range(count):
                await mapping.poll()

        asyncio.run(receive())
        return caught

    def why(self, signal) -> str:
        """Return what `argo why` prints of a signal, on a screen wide enough for every line."""
        record = asyncio.run(one(self.ledger, signal.signal_id))
        screen = Console(file=io.StringIO(), width=1_000)
        for part in explained(record):
            screen.print(part)
        return screen.file.getvalue()

    def set_trading_state(self, state: TradingState, executor: str = "argo", *, reason: str = "a person") -> None:
        asyncio.run(self.ledger.set_trading_state(executor, state, reason=reason, now=self.clock.now()))

    def pass_time(self, by: timedelta) -> None:
        self.set_time(self.clock.now() + by)

    def set_time(self, now: datetime, *, is_open: bool = True) -> None:
        """Set every clock; whether the exchange is open is told, not read off its calendar."""
        self.clock.set(now)
        self.background.call(partial(self.server.broker.set_clock, now, is_open=is_open))

    def set_price(self, symbol: str, price: Decimal) -> None:
        self.background.call(partial(self.server.broker.set_price, symbol, price))

    def trade_by_hand(self, symbol: str, side: str, quantity: int, **more: object):
        """Trade at the market as a person would who knows nothing of Argo, and return the broker's order."""
        body = {"symbol": symbol, "side": side, "qty": str(quantity), "type": "market", "time_in_force": "day"}
        request = order_request(body | more)
        return self.background.call(lambda: self.server.broker.submit(self.at_broker(), request))

    def empty_account(self, executor: str) -> None:
        """Give an account's key a broker's account that nobody has used yet, with a number of its own."""
        broker = self.server.broker
        empty = Account(self.at_broker(executor).settings, self.clock.now())
        empty.id = f"{next(_accounts):08}"
        self.background.call(partial(broker.accounts.__setitem__, executor, empty))

    def at_broker(self, executor: str = "argo"):
        """Return the broker's books of an account."""
        return self.server.broker.accounts[executor]

    def held(self, symbol: str, executor: str = "argo") -> Decimal:
        """Return the signed quantity that the broker holds of a symbol."""
        position = self.at_broker(executor).positions.get(symbol)
        return position.quantity if position else Decimal(0)

    def broker_orders(self, executor: str = "argo"):
        """Return the parent orders at the broker, oldest first."""
        account = self.at_broker(executor)
        legs = {leg.id for order in account.orders.values() for leg in order.legs}
        return [order for order in account.orders.values() if order.id not in legs]

    def dead_letters(self, executor: str = "argo"):
        answer = self.sqs.receive_message(
            QueueUrl=self.resources.dead_letter_queues[executor],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def against(signal, **overrides: object):
    """Return the signal for the other side of the same symbol."""
    return a_signal(**{"symbol": signal.symbol, "side": signal.side.opposite} | overrides)


def signals(count: int, **overrides: object):
    """Return distinct signals, one per symbol."""
    return [a_signal(symbol=symbol, **overrides) for symbol in SYMBOLS[:count]]


def failed(answer):
    """Return the ids of the messages that come back."""
    return {item["itemIdentifier"] for item in answer["batchItemFailures"]}
