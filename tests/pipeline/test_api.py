"""The API's own Lambda handler, with API Gateway's events, on real SQS and DynamoDB."""

import gc
import json
from contextlib import contextmanager
from decimal import Decimal
from threading import Event, Thread

import pytest

from argo.adapters.clock import SystemClock
from argo.domain.account import TradingState
from argo.domain.client_order_ids import client_order_id
from argo.domain.execution import ExecutionState
from console.api_server import LocalContext
from tests.pipeline.pipeline import EXECUTORS, OPENS
from tests.unit.api.counter import BUY, a_request, sample
from trading_api import handler
from worlds.paths import CONFIGURATION

gc.enable()  # A handler stops it on import, until it is wired.

AT_ONCE, PATIENT = 3.0, 29.0


class Door:
    """Asks the handler as Lambda would; the executors work only while they are told to."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        pipeline.pass_time(SystemClock().now() - OPENS)

    def ask(self, method, path, body=None, *, seconds=PATIENT):
        event = a_request(method, path, None if body is None else json.dumps(body))
        return self.send(event, seconds=seconds)

    def send(self, event, *, seconds=PATIENT):
        answer = handler.lambda_handler(event, LocalContext(seconds))
        return answer["statusCode"], json.loads(answer["body"])

    def execute(self, *, seconds=PATIENT, **changes):
        now = SystemClock().now()
        fresh = {"bar_time": now.replace(second=0, microsecond=0).isoformat()}
        return self.ask("POST", "/api/v1/trading/execute", BUY | fresh | changes, seconds=seconds)

    @contextmanager
    def executors_at_work(self):
        done = Event()

        def work():
            while not done.wait(0.02):
                for name in EXECUTORS:
                    self.pipeline.poll(name)

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def table(self):
        """Everything the ledger holds."""
        items = self.pipeline._aws.client("dynamodb").scan(TableName=self.pipeline.resources.table)["Items"]
        return sorted(json.dumps(each, sort_keys=True) for each in items)

    def waiting(self):
        urls = (self.pipeline.resources.queues[name] for name in EXECUTORS)
        names = ["ApproximateNumberOfMessages"]
        return [
            int(self.pipeline.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])
            for url in urls
        ]


@pytest.fixture
def door(pipeline, monkeypatch):
    for name, value in (pipeline.variables("argo") | {"ARGO_CONFIG": str(CONFIGURATION)}).items():
        monkeypatch.setenv(name, value)
    handler._wiring.cache_clear()
    yield Door(pipeline)
    handler._wiring.cache_clear()


def by_account(body):
    return {each["executor_id"]: each for each in body["outcomes"]}


def test_a_signal_from_outside_is_executed_and_answered_with_its_order_id(door):
    with door.executors_at_work():
        status, body = door.execute(confidence=80)

    (order,) = door.pipeline.broker_orders()
    argo, prop_firm = by_account(body)["argo"], by_account(body)["prop_firm"]
    assert (status, body["pending"]) == (200, [])
    assert argo == {"success": True, "executor_id": "argo", "order_id": order.id, "reason": None}
    assert order.client_order_id == client_order_id("argo", body["signal_id"])
    assert (prop_firm["success"], prop_firm["reason"]) == (False, "confidence_below_minimum")
    assert door.pipeline.broker_orders("prop_firm") == []


def test_a11_the_same_fact_twice_is_one_order(door):
    bar = SystemClock().now().replace(second=0, microsecond=0).isoformat()
    with door.executors_at_work():
        _, first = door.execute(bar_time=bar)
        status, second = door.execute(bar_time=bar, confidence=90)

    assert (status, first["created"], second["created"]) == (200, True, False)
    assert second["outcomes"] == first["outcomes"]
    assert [len(door.pipeline.broker_orders(name)) for name in EXECUTORS] == [1, 1]


def test_a05_a_denied_signal_is_an_answer_with_the_reason(door):
    assert door.ask("POST", "/api/v1/trading/argo/halt", {"reason": "a drill"})[0] == 200

    with door.executors_at_work():
        status, body = door.execute(confidence=80)

    assert status == 200
    assert by_account(body)["argo"] == {
        "success": False,
        "executor_id": "argo",
        "order_id": None,
        "reason": "halted",
    }
    assert door.pipeline.broker_orders() == []


def test_a_pending_signal_is_named_and_found_again_once_it_is_executed(door):
    status, body = door.execute(confidence=80, seconds=AT_ONCE)
    door.pipeline.poll()
    _, found = door.ask("GET", f"/api/v1/signals/{body['signal_id']}")

    (order,) = door.pipeline.broker_orders()
    (execution,) = found["executions"]
    assert (status, body["pending"]) == (202, ["argo"])
    assert (execution["executor"], execution["order_id"]) == ("argo", order.id)
    assert found["declined"] == {"prop_firm": "confidence_below_minimum"}


def test_a_malformed_signal_leaves_nothing_behind(door):
    status, body = door.send(sample("execute-malformed"))

    assert status == 400
    assert [each["loc"] for each in body["errors"]] == [
        ["body", "confidence"],
        ["body", "stop_price"],
        ["body", "bar_time"],
    ]
    assert door.table() == []
    assert door.waiting() == [0, 0]


def test_halt_and_resume_are_durable_and_named(door):
    halted, body = door.send(sample("halt"))
    state = door.pipeline.account()
    resumed, _ = door.ask("POST", "/api/v1/trading/argo/resume", {"reason": "looked into"})

    assert (halted, body["before"], body["trading_state"]) == (200, "ACTIVE", "HALTED")
    assert (state.trading_state, state.state_reason) == (TradingState.HALTED, "looking into yesterday's fills")
    assert (resumed, door.pipeline.account().trading_state) == (200, TradingState.ACTIVE)
    assert door.ask("POST", "/api/v1/trading/nobody/halt", {"reason": "x"})[0] == 404


def test_a10_the_status_is_what_the_ledger_says(door):
    with door.executors_at_work():
        door.execute(confidence=80)
    door.execute(symbol="MSFT", confidence=80, seconds=AT_ONCE)
    door.pipeline.reconcile()

    status, body = door.send(sample("status"))

    argo, prop_firm = body["accounts"]
    held = door.pipeline.account().holdings
    assert status == 200
    assert (argo["signals"], argo["orders"], argo["unresolved"], argo["gap"]) == (2, 1, 1, 0)
    assert (argo["execution_rate"], prop_firm["execution_rate"]) == (0.5, None)
    assert Decimal(argo["equity"]) == door.pipeline.account().equity
    assert [each["symbol"] for each in argo["positions"]] == list(held) == ["AAPL"]
    assert argo["last_heartbeat"] is not None
    assert argo["limits"]


def test_signals_are_listed_in_pages_and_by_state(door):
    made = [
        door.execute(symbol=symbol, confidence=80, seconds=AT_ONCE)[1]["signal_id"]
        for symbol in ("AAPL", "MSFT", "IBM")
    ]
    door.pipeline.poll()
    today = f"{SystemClock().now():%F}"

    status, first = door.ask("GET", f"/api/v1/signals?limit=2&day={today}")
    _, rest = door.ask("GET", f"/api/v1/signals?limit=2&day={today}&token={first['next_token']}")
    _, executed = door.ask("GET", f"/api/v1/signals?status={ExecutionState.SUBMITTED}&day={today}")
    _, denied = door.ask("GET", f"/api/v1/signals?status={ExecutionState.DENIED}&day={today}")

    listed = [each["signal"]["signal_id"] for each in (*first["signals"], *rest["signals"])]
    assert (status, listed, rest["next_token"]) == (200, made[::-1], None)
    assert sorted(each["signal"]["signal_id"] for each in executed["signals"]) == sorted(made)
    assert denied["signals"] == []


@pytest.mark.parametrize("token", ["nonsense", "eyJhIjogMX0=", "WzFd", "%00"])
def test_a_wrong_token_is_named(door, token):
    door.execute(confidence=80, seconds=AT_ONCE)

    status, body = door.ask("GET", f"/api/v1/signals?token={token}")

    assert (status, [each["loc"] for each in body["errors"]]) == (400, [["query", "token"]])


def test_a_token_of_another_day_is_refused(door):
    for symbol in ("AAPL", "MSFT"):
        door.execute(symbol=symbol, confidence=80, seconds=AT_ONCE)
    _, page = door.ask("GET", "/api/v1/signals?limit=1")

    status, _ = door.ask("GET", f"/api/v1/signals?limit=1&day=2026-01-05&token={page['next_token']}")

    assert status == 400


def test_a09_reading_changes_nothing_and_sends_nothing(door):
    signal_id = door.execute(confidence=80, seconds=AT_ONCE)[1]["signal_id"]
    before, waiting = door.table(), door.waiting()

    for path in ("/health", "/api/v1/trading/status", "/api/v1/signals", f"/api/v1/signals/{signal_id}"):
        assert door.ask("GET", path)[0] == 200

    assert (door.table(), door.waiting()) == (before, waiting)
    assert waiting == [1, 0]
