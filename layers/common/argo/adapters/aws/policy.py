"""What AWS's answers mean and what Argo does: a row each."""

from enum import Enum

from botocore.exceptions import ClientError

from argo.adapters.aws.accounts import CONFLICT_TRIES
from argo.adapters.aws.clients import ATTEMPTS
from argo.adapters.aws.table import ConditionFailed, Conflict
from argo.domain.ledger import LostLease, ReservationConflict, SymbolLocked
from argo.domain.policy import Policy
from argo.domain.tables import ConfigurationError
from argo.ports import QueueFault, Sent


class AwsAnswer(Policy, Enum):
    """The rows of docs/policies.md."""

    CONDITION = (
        "DynamoDB: `ConditionalCheckFailedException`",
        "somebody else has written first: the item is not as this worker knew it, and nothing was written",
        "what is written once stands already, and that is read; a claim defers to whoever has the execution",
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
        f"an intent is decided again; a settlement is written again, {CONFLICT_TRIES} times in all",
        Conflict,
    )
    CANCELLED = (
        "DynamoDB: `TransactionCanceledException` for any other reason, throttling among them",
        "nothing was written",
        "as where AWS does not answer",
        ClientError,
    )
    NO_ANSWER = (
        f"DynamoDB: throttling, a 5xx, a timeout or a broken connection, {ATTEMPTS} times in a row",
        "whether it was written is not known; written again, a condition fails or the transaction's token is "
        "known",
        "an executor's message fails alone and comes back; the reconciler's next run and the generator's next "
        "cycle begin anew",
        ClientError,
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
    BACKOFF_REFUSED = (
        "SQS: `ChangeMessageVisibility` fails",
        "the message keeps the visibility it has",
        "it is logged; the message comes back all the same, only sooner or later",
        QueueFault,
    )
    NO_KEY = (
        "parameter store: no answer, no such parameter, or no key in it",
        "there is nothing to ask the broker with, and nothing was sent",
        "as where the broker refuses the credentials",
        ConfigurationError,
    )
