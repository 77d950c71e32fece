"""A small session of all functions in this process, through their own Lambda handlers, with everything recorded.

Each function has the variables that the template declares for it and an access key of its own: the request that
botocore sends says by that key which function made it.
"""

import asyncio
import contextlib
import gc
import importlib
import io
import json
import os
import re
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from argo.adapters import wiring as adapters
from argo.adapters.aws import clients
from argo.adapters.clock import SystemClock
from argo.domain.naming import logical_name
from argo.domain.symbols import Symbol
from argo.environment import Environment, load_configuration
from console.api_server import LocalContext
from execution.message import read_signal
from simulation.broker.server import Fault
from worlds.backends import broker_environment, simulated_account
from worlds.containers import Served
from worlds.paths import CONFIGURATION

ROOT = Path(__file__).parents[2]
ACCOUNTS = {name: logical_name(name) for name in load_configuration(CONFIGURATION).executors}
FUNCTIONS = (
    "GenerateFunction",
    *(f"Execute{name}Function" for name in ACCOUNTS.values()),
    *(f"Reconcile{name}Function" for name in ACCOUNTS.values()),
    "ApiFunction",
)


@dataclass(frozen=True)
class Session:
    """What happened: AWS calls as (function, IAM action, resource), and log lines with their function.

    ``traced`` has the trace headers of the calls by operation, ``of_request`` the log lines of each invocation,
    ``partitions`` the partition keys that calls to the table and its indexes were about.
    """

    calls: set[tuple[str, str, str]] = field(default_factory=set)
    partitions: set[tuple[str, str, str, str]] = field(default_factory=set)
    traced: dict[str, set[str | None]] = field(default_factory=dict)
    lines: list[tuple[str, dict]] = field(default_factory=list)
    of_request: dict[str, list[dict]] = field(default_factory=dict)

    @property
    def records(self):
        return [(function, line) for function, line in self.lines if "_aws" in line]

    def used(self, function):
        return {(action, resource) for name, action, resource in self.calls if name == function}

    def metrics(self):
        """Every metric written, as (name, dimensions)."""
        return {
            (metric["Name"], frozenset((name, record[name]) for name in dimensions))
            for _, record in self.records
            for emitted in record["_aws"]["CloudWatchMetrics"]
            for metric in emitted["Metrics"]
            for dimensions in emitted["Dimensions"]
        }


class Stack:
    """The functions, deployed into this process."""

    def __init__(self, running: Served, template, session: Session) -> None:
        self.running = running
        self.session = session
        self._template = template
        self._requests = count(1)
        self._sqs = running.aws.client("sqs")
        queues = {f"{ACCOUNTS[name]}Queue": url for name, url in running.resources.queues.items()}
        dead = {
            f"{ACCOUNTS[name]}DeadLetterQueue": url for name, url in running.resources.dead_letter_queues.items()
        }
        self._known = {"SignalTable": running.resources.table, "Mode": "simulated"} | queues | dead
        self._known |= {"AlpacaTradingUrl": running.broker.url, "AlpacaDataUrl": running.broker.url}
        self._known |= {"ConfigPath": str(ROOT / "events/argo-sample.toml")}
        self._known |= {
            name: each["Default"]
            for name, each in template["Parameters"].items()
            if name.startswith("Credentials")
        }
        self._operator = adapters.Adapters(self._environment(), SystemClock())
        self.ledger = self._operator.ledger

    def _environment(self):
        variables = {"ARGO_MODE": "simulated", "ARGO_TABLE_NAME": self.running.resources.table}
        keys = broker_environment(self.running.broker.url, simulated_account("argo"))
        return Environment(variables | self.running.aws.environment | keys)

    def price(self, symbol):
        """Return what the broker last saw paid for a symbol."""
        return asyncio.run(self._operator.market_data.latest_prices({Symbol(symbol)}))[Symbol(symbol)]

    def invoke(self, function, event, *, seconds=29.0):
        """Invoke a function's handler as Lambda would, in a process of its own as far as its wiring goes."""
        module = importlib.import_module(
            self._template["Resources"][function]["Properties"]["Handler"].rsplit(".", 1)[0]
        )
        module._wiring.cache_clear()
        written = io.StringIO()
        request_id = f"{function}-{next(self._requests)}"
        with _environment(self._variables(function)), contextlib.redirect_stdout(written):
            # Powertools keeps one logger per service, on whatever was standard output when it was made.
            module._wiring().ports.telemetry.log.registered_handler.setStream(written)
            try:
                return module.lambda_handler(event, LocalContext(seconds, request_id))
            finally:
                module._wiring.cache_clear()
                lines = [json.loads(line) for line in written.getvalue().splitlines() if line.startswith("{")]
                self.session.lines.extend((function, line) for line in lines)
                self.session.of_request[request_id] = [line for line in lines if "_aws" not in line]

    def generate(self):
        return self.invoke("GenerateFunction", {"budget_seconds": 0})

    def execute(self, executor, *bodies):
        """Send bodies to an account's queue and deliver whatever waits there."""
        for body in bodies:
            self._sqs.send_message(QueueUrl=self.running.resources.queues[executor], MessageBody=body)
        if not (messages := self._receive(executor)):
            return None
        answer = self.invoke(
            f"Execute{ACCOUNTS[executor]}Function", {"Records": [_record(each) for each in messages]}
        )
        back = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in back:
                self._delete(executor, message)
        return back

    def reconcile(self, executor):
        return self.invoke(f"Reconcile{ACCOUNTS[executor]}Function", {"scheduled_time": "now"}, seconds=50.0)

    def ask(self, name, **changes):
        """Send one of the sample requests, with fields of its body changed."""
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        if changes:
            event["body"] = json.dumps(json.loads(event["body"]) | changes)
        return self.invoke("ApiFunction", event, seconds=2.0)

    @contextlib.contextmanager
    def broker_fault(self, **fault):
        faults = self.running.broker.server.faults
        self.running.broker.call(lambda: faults.add(Fault(**fault)))
        try:
            yield
        finally:
            self.running.broker.call(faults.clear)

    def waiting(self, executor):
        """Return the signals in an account's queue, and leave them there."""
        found = self._receive(executor)
        for message in found:
            self._sqs.change_message_visibility(
                QueueUrl=self.running.resources.queues[executor],
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=0,
            )
        return [read_signal(message["Body"]) for message in found]

    def _receive(self, executor):
        url = self.running.resources.queues[executor]
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def _delete(self, executor, message):
        url = self.running.resources.queues[executor]
        self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _variables(self, function):
        declared = self._template["Globals"]["Function"]["Environment"]["Variables"]
        declared = declared | self._template["Resources"][function]["Properties"]["Environment"]["Variables"]
        resolved = {name: self._resolve(value) for name, value in declared.items()}
        # An access key tells who asks; the broker's keys come from the parameter store, as on AWS.
        aws = self.running.aws.environment | {"AWS_ACCESS_KEY_ID": f"of-{function}"} | trace_of(function)
        return {name: value for name, value in resolved.items() if value is not None} | aws

    def _resolve(self, value):
        if not isinstance(value, dict):
            return value
        ((kind, argument),) = value.items()
        if kind == "Ref":
            return self._known[argument]
        if kind == "Fn::Sub":
            return re.sub(r"\$\{(\w+)\}", lambda found: self._known[found[1]], argument)
        assert kind == "Fn::If"
        assert argument[0] in {"IsLocal", "HasRestoredTable"}
        return None if argument[0] == "IsLocal" else self._resolve(argument[2])


def trace_of(function):
    """Return what Lambda puts into a traced function's environment."""
    root = f"1-5759e988-{function.encode().hex()[:24]:0<24}"
    traced = f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1"
    return {"AWS_LAMBDA_FUNCTION_NAME": function, "_X_AMZN_TRACE_ID": traced}


@contextlib.contextmanager
def _environment(variables):
    kept = dict(os.environ)
    os.environ.update(variables)
    os.environ.pop("POWERTOOLS_METRICS_DISABLED", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
        gc.enable()  # A handler stops it on import, until it is wired.


def _record(message):
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:argo",
        "awsRegion": "us-east-1",
    }


@contextlib.contextmanager
def recording(session: Session, known):
    """Record every request that a function's clients send; ``known`` has logical names by physical ones."""

    def sent(request, event_name, **_):
        key = re.search(r"Credential=of-(\w+)/", _text(request.headers["Authorization"]))
        if key is not None:
            _, service, operation = event_name.split(".")
            session.traced.setdefault(operation, set()).add(_text(request.headers.get("X-Amzn-Trace-Id")))
            body = json.loads(_text(request.body))
            session.calls.update(
                (key[1], action, resource) for action, resource in _permissions(service, operation, body, known)
            )
            if service == "dynamodb":
                session.partitions.update((key[1], *asked) for asked in _partitions(operation, body, known))

    emitter = clients.session()
    emitter.register("before-send", sent)
    try:
        yield
    finally:
        emitter.unregister("before-send", sent)


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _permissions(service, operation, body, known):
    """Return what IAM asks for a request, as (action, logical resource)."""
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for write in body["TransactItems"]:
                ((kind, request),) = write.items()
                yield f"dynamodb:{kind}Item", known[request["TableName"]]
        case "dynamodb", _:
            index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
            yield f"dynamodb:{operation}", known[body["TableName"]] + index
        case "sqs", _:
            yield (
                f"sqs:{operation.removesuffix('Batch')}",
                known[urlsplit(body["QueueUrl"]).path.rpartition("/")[2]],
            )
        case "ssm", _:
            yield f"ssm:{operation}", known[body["Name"]]
        case _:
            raise AssertionError(f"{service}.{operation}: a service that no test knows")


def _partitions(operation, body, known):
    """Return the partitions that a request is about, as (action, logical resource, partition key)."""
    if operation == "TransactWriteItems":
        for write in body["TransactItems"]:
            ((kind, request),) = write.items()
            yield from _partitions(f"{kind}Item", request, known)
    elif operation == "Query":
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        partition = body["ExpressionAttributeValues"][":partition"]["S"]
        yield "dynamodb:Query", known[body["TableName"]] + index, partition
    else:
        key = body["Item"] if operation == "PutItem" else body["Key"]
        yield f"dynamodb:{operation}", known[body["TableName"]], key["PK"]["S"]


def names_of(running: Served, template):
    """Return logical names by physical ones."""
    resources = running.resources
    known = {resources.table: "SignalTable"}
    for executor, name in ACCOUNTS.items():
        known[resources.queues[executor].rpartition("/")[2]] = f"{name}Queue"
        known[resources.dead_letter_queues[executor].rpartition("/")[2]] = f"{name}DeadLetterQueue"
        known[template["Parameters"][f"CredentialsParameter{name}"]["Default"]] = f"CredentialsParameter{name}"
    return known
