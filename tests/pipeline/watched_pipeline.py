"""The pipeline as CloudWatch sees it: every function runs as its handler runs it, each minute of a told clock.

What a function reports is what it really prints. What AWS itself reports is read from what is really there:

- a function's `Errors`: 1 for an invocation that raised, 0 for one that did not;
- its `Throttles`: 1 for a minute in which it is refused, which a test says: no emulator refuses by itself;
- messages visible: the emulator's own `ApproximateNumberOfMessages`;
- the age of the oldest message: since the oldest signal waiting was made, because the emulator's timestamps are by
  the machine's clock.
"""

import asyncio
import gc
import importlib
import io
import os
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from argo.domain.config import Configuration, Source
from argo.domain.naming import logical_name
from argo.domain.signal import Signal
from argo.environment import Environment, load_configuration
from console.api_server import LocalContext
from execution.batch import execute_batch
from generation import wiring as generation_wiring
from generation.cycle import generate
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from simulation.broker.server import Fault
from simulation.market.bar_history import Bar, BarHistory, Timeframe
from simulation.ports.event_source import EventSourceMapping
from tests.pipeline.cloudwatch import CloudWatch, alarms
from tests.pipeline.pipeline import EXECUTORS, MINUTE, PRICE, Pipeline
from tests.unit.api.counter import a_request
from tests.unit.builders import a_signal
from trading_api import wiring as api_wiring
from trading_api.routes import answer
from worlds.paths import CONFIGURATION, TEMPLATE
from worlds.template import read_template

ACCOUNTS = {name: logical_name(name) for name in EXECUTORS}
_ELSEWHERE = [logical_name(name) for name in load_configuration(CONFIGURATION).accounts if name not in ACCOUNTS]


def is_in_pipeline(name):
    """Tell whether a resource of the template is of an account that this pipeline has, or of none."""
    return not any(each in name for each in _ELSEWHERE)


HANDLERS = {
    name: each["Properties"]["Handler"].rsplit(".", 1)[0]
    for name, each in read_template(TEMPLATE)["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function" and is_in_pipeline(name)
}
"""The modules of the functions' handlers, by logical name."""

_WATCHLIST = ("AAPL", "MSFT")
_WARM_UP = 300
_LIFETIME = 5 * MINUTE
_TIME = timedelta(seconds=30)
_ALWAYS = 1_000_000
_DISPLACED = Decimal("0.25")


class Stumbling:
    """A source that copes with no bars."""

    def vote(self, bars):
        raise ZeroDivisionError(f"{bars.price} has no range")


class WatchedPipeline:
    """All functions of the template, minute by minute, but those that are ``off``.

    A function that is ``throttled`` is refused by Lambda, a ``broken`` one has lost the variables it starts with.
    """

    def __init__(self, pipeline: Pipeline, **sources: Source):
        self.pipeline = pipeline
        self.cloudwatch = CloudWatch()
        self.alarms = alarms(Mode="simulated")
        self.off, self.throttled, self.broken = set(), set(), set()
        self._began = pipeline.clock.now() + MINUTE
        self._bars(_WARM_UP)
        self._configuration = Configuration(
            watchlist=_WATCHLIST, sources=sources or {"trend": Source()}, accounts=pipeline.profiles
        )
        wired = {"configuration": self._configuration, "log_to": pipeline.logs}
        environment = Environment(pipeline.variables("argo"))
        self._generator = generation_wiring.from_environment(environment, pipeline.clock, **wired)
        self._api = api_wiring.from_environment(environment, pipeline.clock, **wired)
        self._functions = {"GenerateFunction": self._generate, "ApiFunction": self._answer} | {
            f"{kind}{ACCOUNTS[executor]}Function": lambda work=work, executor=executor: work(executor)
            for executor in EXECUTORS
            for kind, work in (("Execute", self._execute), ("Reconcile", self._reconcile))
        }

    def minutes(self, count=1):
        """Let minutes pass, each with a bar, a tick of every schedule, the queues' messages and a request."""
        for _ in range(count):
            self.pipeline.set_time(self.pipeline.clock.now() + MINUTE)
            self._bars(1)
            for name in sorted(self._functions.keys() - self.off):
                self._invoke(name)
            for executor in EXECUTORS:
                self._measure_queues(executor)

    def signal(self, executor, **overrides):
        """Publish a signal that the account wants, made now."""
        now = self.pipeline.clock.now()
        times = {"bar_time": now - MINUTE, "created_at": now, "expires_at": now + _LIFETIME}
        signal = a_signal(**times | {"confidence": Decimal(90)} | overrides)
        self.pipeline.publish(signal, to=executor)
        return signal

    def breaks(self, **fault):
        """Let the broker go wrong in one way from now on."""
        self.pipeline.server.faults.add(Fault(**{"times": _ALWAYS} | fault))

    def states(self, name):
        """Say whether an alarm sounded at the end of each of its periods so far."""
        is_over = self.pipeline.clock.now() + MINUTE
        return self.alarms[name].sounds(self.cloudwatch, since=self._began, until=is_over)

    def sounds(self, name):
        """Say whether an alarm sounds now."""
        return self.states(name)[-1:] == [True]

    def _invoke(self, name):
        now, function = self.pipeline.clock.now(), {"FunctionName": name}
        refused = name in self.throttled
        self.cloudwatch.put("AWS/Lambda", "Throttles", function, now, int(refused))
        if refused:
            return
        raised = 0
        try:
            _start_without_variables(name) if name in self.broken else self._functions[name]()
        except Exception:  # noqa: BLE001 - Lambda counts whatever a function raises
            raised = 1
        self.cloudwatch.put("AWS/Lambda", "Errors", function, now, raised)

    def _generate(self):
        with self._reporting(self._generator.ports.telemetry):
            asyncio.run(generate({"budget_seconds": 0}, self._generator, time_left=_TIME))

    def _execute(self, executor):
        wiring = self.pipeline.executor(executor)

        async def function(event):
            with self._reporting(wiring.ports.telemetry):
                return await execute_batch(event, wiring, seconds_left=_TIME.total_seconds)

        def raised(error):
            raise error

        consumer = self.pipeline._adapters[executor].queue_at(self.pipeline.resources.queues[executor])
        asyncio.run(EventSourceMapping(consumer, function, on_error=raised).poll())

    def _reconcile(self, executor):
        wiring = reconciliation_wiring.from_environment(
            Environment(self.pipeline.variables(executor)),
            self.pipeline.clock,
            profile=self.pipeline.profiles[executor],
            log_to=self.pipeline.logs,
        )
        with self._reporting(wiring.ports.telemetry):
            asyncio.run(reconcile(wiring))

    def _answer(self):
        with self._reporting(self._api.ports.telemetry):
            answer(a_request("GET", "/health"), LocalContext(1.0), self._api, _TIME)

    @contextmanager
    def _reporting(self, telemetry):
        """Do what every handler does when its work is done, whatever became of it, and read what is printed."""
        printed = io.StringIO()
        try:
            yield
        finally:
            with redirect_stdout(printed):
                telemetry.flush()
            self.cloudwatch.take(printed.getvalue(), self.pipeline.clock.now())

    def _measure_queues(self, executor):
        account, now = ACCOUNTS[executor], self.pipeline.clock.now()
        waiting = self.pipeline.resources.queues[executor]
        dead = self.pipeline.resources.dead_letter_queues[executor]
        for name, url in ((f"{account}Queue", waiting), (f"{account}DeadLetterQueue", dead)):
            visible = self._visible(url)
            self.cloudwatch.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": name}, now, visible)
        oldest = min((signal.created_at for signal in self._waiting(waiting)), default=now)
        age = (now - oldest).total_seconds()
        self.cloudwatch.put("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": f"{account}Queue"}, now, age)

    def _visible(self, url):
        name = "ApproximateNumberOfMessages"
        return int(self.pipeline.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def _waiting(self, url):
        """Read the signals that wait in a queue, and leave them there."""
        answer = self.pipeline.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [Signal.model_validate_json(each["Body"]) for each in answer.get("Messages", [])]

    def _bars(self, count):
        """Close the watchlist's bars of the last minutes; the price goes nowhere."""
        end = self.pipeline.clock.now().replace(second=0)
        bars = [
            Bar(symbol, start, start + MINUTE, PRICE, PRICE + _DISPLACED, PRICE - _DISPLACED, PRICE, Decimal(1000))
            for symbol in _WATCHLIST
            for back in range(count)
            for start in [end - (back + 1) * MINUTE]
        ]
        history = BarHistory(bars, Timeframe(MINUTE))
        self.pipeline.background.call(lambda: self.pipeline.server.broker.market.preload(history))


def _start_without_variables(name):
    """Invoke a function's real handler in a process that has none of its variables."""
    handler = importlib.import_module(HANDLERS[name])
    gc.enable()  # A handler stops it on import, until it is wired.
    handler._wiring.cache_clear()
    kept = {variable: value for variable, value in os.environ.items() if not variable.startswith("ARGO_")}
    with patch.dict(os.environ, kept, clear=True):
        handler.lambda_handler({"Records": []}, LocalContext(1.0))
