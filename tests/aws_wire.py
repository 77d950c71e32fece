"""AWS's unkind answers: an HTTP session in front of botocore that gives exactly them, and leads all else through.

Each answer is what the service sends, as far as botocore reads it; what it means is botocore's to say.
"""

import json
from dataclasses import dataclass
from enum import Enum

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

ATTEMPTS = 3
"""How often botocore sends a request (`argo.adapters.aws.clients`)."""

_HEADERS = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": "unkind"}
_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
READS = frozenset({"GetItem", "Query", "GetParameter"})
_WRITES = {"PutItem", "UpdateItem", "TransactWriteItems"}
_TRANSACTION = "TransactWriteItems"


class Trouble(Enum):
    """What AWS does with a call."""

    CONFLICT = "conflict"
    THROTTLED = "throttled"
    SERVER_ERROR = "500"
    REFUSED = "refused connection"
    LOST = "answer lost after landing"
    ALL_LOST = "every answer lost after landing"

    def can_meet(self, operation):
        """Say whether a call can meet it in a way of its own: to a read, a lost answer is none at all."""
        if self is Trouble.CONFLICT:
            return operation in _WRITES
        return self not in {Trouble.LOST, Trouble.ALL_LOST} or operation not in READS

    def times(self, operation):
        """Return how many sendings it takes until botocore's attempts are over, or Argo has to repeat it."""
        if self is Trouble.LOST or (self is Trouble.THROTTLED and operation == _TRANSACTION):
            return 1
        return 2 if self is Trouble.CONFLICT else ATTEMPTS


@dataclass
class Strike:
    """A trouble that begins with the ``nth`` call of an operation, counted from 1."""

    operation: str
    nth: int
    trouble: Trouble
    times: int | None = None
    _left: int | None = None

    def hits(self, operation, nth):
        if operation != self.operation or nth < self.nth:
            return False
        if self._left is None:
            self._left = self.trouble.times(operation) if self.times is None else self.times
        self._left -= 1
        return self._left >= 0

    def __str__(self):
        return f"{self.operation} {self.nth}: {self.trouble.value}"


class FaultySession:
    """Stands before a client's HTTP session.

    Attributes:
        calls: the operations that were asked for, in order, a repeated sending not counted.
        strikes: what is still to go wrong.
        struck: how many sendings something has befallen.
    """

    def __init__(self, client):
        self._real = client._endpoint.http_session
        client._endpoint.http_session = self
        self.calls, self.strikes, self.struck = [], [], 0

    def begin(self, *strikes):
        """Forget what was, and let something go wrong from now on."""
        self.calls.clear()
        self.strikes[:] = strikes
        self.struck = 0

    def send(self, request):
        operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
        if "attempt=1" in _text(request.headers.get("amz-sdk-request", "attempt=1")):
            self.calls.append(operation)
        nth = self.calls.count(operation)
        strike = next((each for each in self.strikes if each.hits(operation, nth)), None)
        if strike is None:
            return self._real.send(request)
        self.struck += 1
        return self._trouble(strike.trouble, operation, request)

    def close(self):
        self._real.close()

    def _trouble(self, trouble, operation, request):
        match trouble:
            case Trouble.CONFLICT if operation == _TRANSACTION:
                return _cancelled(request, "TransactionConflict")
            case Trouble.CONFLICT:
                return _error(request, 400, f"{_DYNAMODB}TransactionConflictException", "Transaction is ongoing")
            case Trouble.THROTTLED if operation == _TRANSACTION:
                return _cancelled(request, "ThrottlingError")
            case Trouble.THROTTLED:
                return _error(request, 400, "ThrottlingException", "Rate exceeded")
            case Trouble.SERVER_ERROR:
                return _error(request, 500, "InternalServerError", "Internal server error")
            case Trouble.REFUSED:
                raise EndpointConnectionError(endpoint_url=request.url)
            case Trouble.LOST | Trouble.ALL_LOST:
                self._real.send(request)
                raise ConnectionClosedError(endpoint_url=request.url)


class ScriptedSession:
    """Stands in for a client's HTTP session, as long as it is entered, with answers that a test has written.

    Attributes:
        answers: those to come, a status and a body each; None is a connection that ends without one.
        sent: how many requests were sent, a repeated one too.
    """

    def __init__(self, client):
        self._endpoint = client._endpoint
        self.answers, self.sent = [], 0

    def __enter__(self):
        self._real, self._endpoint.http_session = self._endpoint.http_session, self
        return self

    def __exit__(self, *_):
        self._endpoint.http_session = self._real

    def send(self, request):
        self.sent += 1
        answer = self.answers.pop(0)
        if answer is None:
            raise ConnectionClosedError(endpoint_url=request.url)
        status, body = answer
        return AWSResponse(request.url, status, _HEADERS, _Raw(body.encode()))

    def close(self):
        """There is nothing to close."""


def _cancelled(request, code):
    """Answer a transaction whose second item was in the way, as AWS does: a reason for each item."""
    items = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": code if place == 1 else "None"} for place in range(items)]
    kind = f"{_DYNAMODB}TransactionCanceledException"
    said = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{said}]"
    return _answer(request, 400, {"__type": kind, "Message": message, "CancellationReasons": reasons})


def _error(request, status, kind, message):
    return _answer(request, status, {"__type": kind, "message": message})


def _answer(request, status, body):
    return AWSResponse(request.url, status, _HEADERS, _Raw(json.dumps(body).encode()))


class _Raw:
    def __init__(self, body):
        self._body = body

    def stream(self):
        yield self._body


def _text(header):
    return header.decode() if isinstance(header, bytes) else header
