"""What AWS's answers mean and what Argo does: a row each."""

from enum import Enum

from argo.adapters.aws.answers import ConditionFailed
from argo.adapters.aws.clients import ATTEMPTS
from argo.domain.ledger import LostLease, ReservationConflict, SymbolLocked
from argo.domain.policy import Policy
from argo.domain.tables import ConfigurationError
from argo.ports import QueueFault, Sent, Unavailable
from argo.repeating import CONFLICT_WAITS


class AwsAnswer(Policy, Enum):
    """The rows of docs/policies.md."""

    CONDITION = (
        "DynamoDB: `ConditionalCheckFailedException`",
        "somebody else has written first: the item is not as this worker knew it, and nothing was written",
        "what is written once stands already, and that is read; a claim defers to whoever has the execution. "
        "Where the SDK had sent it before, the record is read once: a step that is ours is a success",
        ConditionFailed,
    )
    EXECUTION_MOVED = (
        "DynamoDB: `TransactionCanceledException`, the execution's condition failed",
        "another worker has the execution",
        "this worker lets go of it, and the message comes back when a lease is over",
        LostLease,
    )
    ACCOUNT_MOVED = (
        "DynamoDB: `TransactionCanceledException`, the account's condition failed",
        "another signal has reserved meanwhile, or a person has changed what the account may do",
        "the account is read and everything decided again; after some tries the signal waits, "
        "`reservation_contended`",
        ReservationConflict,
    )
    SYMBOL_TAKEN = (
        "DynamoDB: `TransactionCanceledException`, the symbol lock's condition failed",
        "another execution holds the symbol",
        "the signal is denied, `already_positioned`",
        SymbolLocked,
    )
    CONFLICT = (
        "DynamoDB: `TransactionConflictException`; or a cancelled transaction with `TransactionConflict` among "
        "its reasons, and no condition that failed",
        "another transaction was at one of the items in this moment, and nothing was written",
        f"it is written again at once, {len(CONFLICT_WAITS) + 1} times in all within two seconds, then as where "
        "AWS throttles",
        Unavailable,
    )
    CANCELLED = (
        "DynamoDB: `TransactionCanceledException` with `ThrottlingError` or `ProvisionedThroughputExceeded` among "
        "its reasons, and no condition that failed",
        "nothing was written",
        "an executor's message comes back with its own backoff, `aws_unavailable`; the reconciler goes on without "
        "that step; a halt is written again for some seconds",
        Unavailable,
    )
    NO_ANSWER = (
        f"DynamoDB: throttling, a 5xx, a timeout or a broken connection, {ATTEMPTS} times in a row",
        "whether it was written is not known",
        "the record is read once: a step that is ours is a success; otherwise as above",
        Unavailable,
    )
    PAGE_TOKEN = (
        "DynamoDB: `ValidationException` to a query that goes on from a page token",
        "the token is none of Argo's",
        "the API refuses it, `invalid_token`",
        ValueError,
    )
    NOT_TAKEN = (
        "SQS: entries of a batch under `Failed`, or the whole batch refused",
        "these messages are in no queue",
        "their signals stay in the outbox, and the next cycle sends them",
        Sent,
    )
    BACKOFF_DELAYED = (
        "SQS: `ChangeMessageVisibility` is throttled or gets no answer",
        "the message keeps the visibility it has",
        "it is asked again for some seconds, then as where it is refused",
        Unavailable,
    )
    BACKOFF_REFUSED = (
        "SQS: `ChangeMessageVisibility` is refused",
        "the message keeps the visibility it has",
        "it is logged; the message comes back all the same, only sooner or later",
        QueueFault,
    )
    KEY_UNREAD = (
        "parameter store: throttling, a 5xx, a timeout, no access, anything but the two below",
        "there is nothing to ask the broker with for now, and nothing was sent",
        "as where DynamoDB throttles",
        Unavailable,
    )
    NO_KEY = (
        "parameter store: no such parameter, or no key in it",
        "there is nothing to ask the broker with, and nothing was sent",
        "as where the broker refuses the credentials",
        ConfigurationError,
    )
