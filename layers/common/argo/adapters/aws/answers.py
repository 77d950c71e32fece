"""AWS's answers sorted by what to do next: one table, for the ledger, the queues and the parameter store alike."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from argo.ports import Unavailable
from argo.repeating import Conflict, NotWritten

type Fault = ClientError | BotoCoreError | ResponseParserError

FAULTS = (ClientError, BotoCoreError, ResponseParserError)
"""All that botocore raises for a request."""


class Next(Enum):
    """What to do after an answer."""

    CONDITION = "ask whose write stands there: ours, or another's"
    AT_ONCE = "write it again at once, a bounded number of times: another transaction was at the item"
    BACK_OFF = "come back later: throttled, a 5xx, or no answer, and the SDK's own attempts are over"
    GIVE_UP = "raise it: nothing mends it but a person, or other code"


_CONDITION = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})
_AT_ONCE = frozenset({"TransactionConflictException", "TransactionConflict", "ReplicatedWriteConflictException"})
_THROTTLED = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "ThrottlingError", "SlowDown", "OverLimit"),
        *("RequestThrottled", "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded", "BandwidthLimitExceeded"),
        *("TransactionInProgressException", "PriorRequestNotComplete", "LimitExceededException"),
        *("KMS.ThrottlingException", "KmsThrottled"),
    }
)
_SILENT = frozenset(
    {
        *("InternalServerError", "InternalFailure", "InternalError", "InternalServerErrorException"),
        *("ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException"),
    }
)
"""AWS's own failures: what was asked for may have been done."""

_BACK_OFF = _THROTTLED | _SILENT
_CANCELLED = "TransactionCanceledException"
_UNSAID = frozenset({None, "None"})
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_NO_ANSWER = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    ResponseParserError,
)


class ConditionFailed(NotWritten):
    """A write's condition did not hold.

    For a transaction, ``index`` is the first such request's, ``item`` what stands there if it asked for it.
    """

    def __init__(
        self, message: str, index: int = 0, item: Mapping[str, Any] | None = None, *, repeated: bool = False
    ) -> None:
        super().__init__(message, repeated=repeated)
        self.index = index
        self.item = item or {}


def next_after(code: str, *, reasons: Sequence[str | None] = (), status: int = 400) -> Next:
    """Return what to do after an error's code, or a cancelled transaction's reasons, and the HTTP status.

    A condition that failed decides: what it says of the record holds whatever else was in the way. Of a
    transaction that is throttled and met another one, the throttling says when to come back.
    """
    said = {each for each in reasons if each not in _UNSAID} if code == _CANCELLED and reasons else {code}
    if said & _CONDITION:
        return Next.CONDITION
    if said & _BACK_OFF and said <= _BACK_OFF | _AT_ONCE:
        return Next.BACK_OFF
    if said and said <= _AT_ONCE:
        return Next.AT_ONCE
    if status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS:
        return Next.BACK_OFF
    return Next.GIVE_UP


def raised(
    code: str,
    message: str,
    *,
    reasons: Sequence[Mapping[str, Any]] = (),
    status: int = 400,
    repeated: bool = False,
) -> Exception | None:
    """Return what an adapter raises for an error that AWS has named; None where it raises AWS's own words.

    ``reasons`` are a cancelled transaction's, as AWS gives them: a ``Code`` each, and an ``Item`` where it was
    asked for.
    """
    codes = [reason.get("Code") for reason in reasons]
    match next_after(code, reasons=codes, status=status):
        case Next.CONDITION:
            first = next((place for place, each in enumerate(codes) if each in _CONDITION), 0)
            item = reasons[first].get("Item") if reasons else None
            return ConditionFailed(message, first, item, repeated=repeated)
        case Next.AT_ONCE:
            return Conflict(message, repeated=repeated)
        case Next.BACK_OFF:
            # A 5xx may come after the write, and a throttled repetition says nothing of what was sent first.
            doubtful = status >= _SERVER_ERROR or code in _SILENT or repeated
            return Unavailable(message, unanswered=doubtful and code != _CANCELLED)
        case Next.GIVE_UP:
            return None


def sorted_fault(fault: Fault) -> Exception:
    """Return what an adapter raises for what botocore raised: its own exception where a person has to look."""
    if not isinstance(fault, ClientError):
        return Unavailable(str(fault), unanswered=True) if isinstance(fault, _NO_ANSWER) else fault
    answer: Mapping[str, Any] = fault.response
    metadata = answer.get("ResponseMetadata", {})
    found = raised(
        answer.get("Error", {}).get("Code", ""),
        str(fault),
        reasons=answer.get("CancellationReasons", ()),
        status=metadata.get("HTTPStatusCode", 400),
        repeated=metadata.get("RetryAttempts", 0) > 0,
    )
    return found or fault


@contextmanager
def sorting() -> Iterator[None]:
    """Raise what botocore raises as what is to be done about it.

    Raises:
        ConditionFailed, Conflict, Unavailable: as the table says.
        ClientError, BotoCoreError: nothing here mends it.
    """
    try:
        yield
    except FAULTS as fault:
        if (found := sorted_fault(fault)) is fault:
            raise
        raise found from fault
