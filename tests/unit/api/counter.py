"""The API's counter: the real routes on a ledger and queues in memory and a clock that is told the time."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

from argo.domain.account import TradingState
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.lists import Listed, Page
from argo.domain.signal import Signal
from argo.environment import load_configuration
from argo.observability import Telemetry
from argo.ports import GivenPorts
from argo.publishing import publisher_for
from simulation.ports.clock import SteppedClock
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import NOW, an_account_state, an_execution
from trading_api.routes import answer
from trading_api.wiring import Wiring
from worlds.paths import CONFIGURATION, PROJECT

EXECUTORS = ("argo", "prop_firm")
BUY = {
    "symbol": "AAPL",
    "side": "buy",
    "confidence": 84,
    "entry_price": "100",
    "stop_price": "99",
    "target_price": "104.5",
    "volatility": 0.02,
    "bar_time": "2026-03-02T15:00:00Z",
}


class Shelf:
    """The part of `argo.ports.Ledger` that the API uses."""

    def __init__(self):
        self.signals: dict[str, StoredSignal] = {}
        self.records: dict[tuple[str, str], Execution] = {}
        self.accounts = {name: an_account_state(executor=name) for name in EXECUTORS}

    def execute(self, signal_id: str, executor: str, state: ExecutionState, **learnt: object) -> None:
        known = an_execution(signal_id=signal_id, executor=executor, state=state, **learnt)
        self.records[signal_id, executor] = known

    async def put_signal(self, signal: Signal, *, executors, declined=None) -> PutSignal:
        created = signal.signal_id not in self.signals
        if created:
            self.signals[signal.signal_id] = StoredSignal(
                signal, "simulated", frozenset(), frozenset(executors), declined or {}
            )
        return PutSignal(self.signals[signal.signal_id], created)

    async def signal(self, signal_id):
        return self.signals.get(signal_id)

    async def executions(self, signal_id):
        return Listed(record for (key, _), record in self.records.items() if key == signal_id)

    async def accounted_until(self, _):
        return None

    async def mark_published(self, signal_id, executors):
        known = self.signals[signal_id]
        self.signals[signal_id] = replace(
            known, published_to=known.published_to | set(executors), awaiting=known.awaiting - set(executors)
        )

    async def unpublished(self, *, limit=None):
        return Listed([each for each in self.signals.values() if each.awaiting][:limit])

    async def account(self, executor):
        return self.accounts[executor]

    async def set_trading_state(self, executor, state: TradingState, *, reason, now):
        known = {"trading_state": state, "state_reason": reason, "state_since": now}
        self.accounts[executor] = self.accounts[executor].model_copy(update=known)

    async def open_executions(self, executor, *, limit=None):
        return Listed([each for each in self.records.values() if each.executor == executor][:limit])

    async def signals_of(self, day, *, limit, token=None):
        if token is not None and not token.isdecimal():
            raise ValueError(f"not a page token: {token!r}")
        listed = sorted(
            (each for each in self.signals.values() if f"{each.signal.created_at:%F}" == day),
            key=lambda each: (each.signal.created_at, each.signal.signal_id),
            reverse=True,
        )
        return self._page(listed, limit, token)

    async def executions_of(self, executor, day, *, limit, token=None):
        listed = [
            each for (_, name), each in self.records.items() if name == executor and f"{each.created_at:%F}" == day
        ]
        return self._page(listed, limit, token)

    @staticmethod
    def _page(items, limit, token):
        start = int(token or 0)
        return Page(items[start : start + limit], str(start + limit) if start + limit < len(items) else None)


class AttendedClock(SteppedClock):
    """A clock that lets somebody else work whenever the API waits."""

    def __init__(self, starts_at):
        super().__init__(starts_at)
        self.meanwhile: Callable[[], None] = lambda: None
        self.waits = 0

    async def sleep_until(self, time):
        self.waits += 1
        self.meanwhile()
        await super().sleep_until(time)


class Counter:
    """Ask for something and read the answer."""

    def __init__(self):
        self.clock = AttendedClock(NOW)
        self.ledger = Shelf()
        self.queues = {
            name: InMemoryQueue(self.clock, visibility=timedelta(minutes=3), max_receives=20) for name in EXECUTORS
        }
        ports = GivenPorts(
            ledger=self.ledger,
            broker=None,
            market_data=None,
            queue=None,
            queues=self.queues,
            clock=self.clock,
            telemetry=Telemetry("api", mode="simulated", stream=io.StringIO()),
        )
        configuration = load_configuration(CONFIGURATION)
        self.wiring = Wiring("simulated", configuration, ports, publisher_for(configuration, ports))

    def ask(self, method, path, body=..., *, time_left=timedelta(seconds=29), raw=None, **headers):
        text = raw if raw is not None else None if body is ... else json.dumps(body)
        event = a_request(method, path, text, **headers)
        found = answer(event, None, self.wiring, time_left)
        return found["statusCode"], json.loads(found["body"])

    def execute(self, time_left=timedelta(seconds=29), **changes):
        body = {name: value for name, value in (BUY | changes).items() if value is not ...}
        return self.ask("POST", "/api/v1/trading/execute", body, time_left=time_left)


def sample(name):
    return json.loads((PROJECT / "events" / f"api-{name}.json").read_text(encoding="utf-8"))


def a_request(method, path, body=None, **headers):
    """Build a request from the sample of a health check."""
    path, _, query = path.partition("?")
    event = sample("health")
    http = event["requestContext"]["http"] | {"method": method, "path": path}
    route = f"{method} {path}"
    asked = {
        "rawPath": path,
        "routeKey": route,
        "rawQueryString": query,
        "requestContext": event["requestContext"] | {"http": http, "routeKey": route},
        "headers": event["headers"] | {name.replace("_", "-"): value for name, value in headers.items()},
    }
    if query:
        parsed = parse_qs(query, keep_blank_values=True)
        asked["queryStringParameters"] = {name: ",".join(values) for name, values in parsed.items()}
    return event | asked | ({} if body is None else {"body": body})
