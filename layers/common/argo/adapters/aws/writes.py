"""The ledger's conditional writes, as request parameters, each with the race it closes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from argo.adapters.aws import items
from argo.adapters.aws.items import encode
from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, Transition
from argo.domain.ledger import Intent, Release
from argo.domain.values import iso, sortable

type Request = dict[str, Any]

NEW = "attribute_not_exists(PK)"


@dataclass(frozen=True, slots=True)
class Change:
    """What an update of an execution sets and forgets, and whether it leaves or enters the list of open work."""

    values: Mapping[str, object]
    history: Transition
    ends: bool = False
    reopens: bool = False
    forgets: tuple[str, ...] = ()


def execution_update(execution: Execution, change: Change) -> Request:
    """Update an execution that is still as this worker knows it.

    Worker A stalls, its lease runs out, worker B takes over (epoch + 1) and moves the state. A wakes up and
    writes: its state or its epoch is no longer the record's, and the write fails.
    """
    as_this_worker_left_it = "#state = :known_state AND epoch = :known_epoch"

    values = {name: value for name, value in change.values.items() if value is not None}
    if change.reopens:
        values |= items.open_work(execution.executor, execution.created_at)
    assignments = [f"#{name} = :{name}" for name in values]
    assignments.append("history = list_append(history, :history)")
    removed = [*change.forgets, *(("work_list", "waiting_since") if change.ends else ())]
    removal = f" REMOVE {', '.join(removed)}" if removed else ""
    return {
        "Key": items.execution_key(*execution.key),
        "UpdateExpression": "SET " + ", ".join(assignments) + removal,
        "ConditionExpression": as_this_worker_left_it,
        "ExpressionAttributeNames": {f"#{name}": name for name in values} | {"#state": "state"},
        "ExpressionAttributeValues": encode(
            {f":{name}": value for name, value in values.items()}
            | {
                ":known_state": str(execution.state),
                ":known_epoch": execution.epoch,
                ":history": [change.history],
            }
        ),
    }


def takeover(execution: Execution, *, now: datetime, lease_until: datetime) -> Request:
    """Take an execution over from a worker whose lease has run out.

    Workers B and C both find A's lease over. B writes first and raises the epoch; C's condition names the
    old epoch and fails. A itself, were it to wake, fails the same way.
    """
    as_it_was_found = "#state = :found_state AND epoch = :found_epoch"
    lease_over = "lease_until <= :now"
    return {
        "Key": items.execution_key(*execution.key),
        "UpdateExpression": "SET epoch = :next_epoch, lease_until = :lease_until, updated_at = :updated_at",
        "ConditionExpression": f"{as_it_was_found} AND {lease_over}",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": encode(
            {
                ":found_state": str(execution.state),
                ":found_epoch": execution.epoch,
                ":next_epoch": execution.epoch + 1,
                ":now": sortable(now),
                ":lease_until": sortable(lease_until),
                ":updated_at": iso(now),
            }
        ),
    }


def intent_transaction(
    table: str, execution: Execution, change: Change, intent: Intent, account: AccountState
) -> list[Request]:
    """Return the intent: the execution's update, the reservation, the symbol lock, all or nothing.

    Two invocations read 100 USD of buying power and want 80 each. Both reserve; the second finds the
    account's version moved and reads again (FAILURES B12). Two signals for one symbol: the second finds the
    lock taken. A worker that crashes after this write leaves all that is needed to find its order again.
    """
    fresh = "attribute_not_exists(version)"
    unchanged = "version = :read_version"
    free_or_mine = f"{NEW} OR signal_id = :signal_id"
    return [
        {"Update": {"TableName": table, **execution_update(execution, change)}},
        {
            "Update": {
                "TableName": table,
                "Key": items.account_key(execution.executor),
                "UpdateExpression": "ADD reserved_notional :notional, reserved_risk :risk, version :one",
                "ConditionExpression": unchanged if account.version else fresh,
                "ExpressionAttributeValues": encode(
                    {":notional": intent.notional, ":risk": intent.risk, ":one": 1}
                    | ({":read_version": account.version} if account.version else {})
                ),
            }
        },
        {
            "Put": {
                "TableName": table,
                "Item": items.symbol_lock_key(execution.executor, execution.symbol)
                | encode({"signal_id": execution.signal_id, "since": change.history.at.isoformat()}),
                "ConditionExpression": free_or_mine,
                "ExpressionAttributeValues": encode({":signal_id": execution.signal_id}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]


def settlement_transaction(table: str, execution: Execution, change: Change, release: Release) -> list[Request]:
    """Return a transition that gives back what the execution holds, exactly once.

    The execution's own condition makes the release happen once: whoever comes second finds another state, or
    nothing reserved any more. The account's version moves, so that a reader in between reads again.
    """
    update = execution_update(execution, change)
    holds_money = bool(execution.reserved_notional or execution.reserved_risk)
    writes: list[Request] = [{"Update": {"TableName": table, **update}}]
    if release is not Release.NOTHING and holds_money:
        still_reserved = "reserved_notional = :known_notional"
        update["ConditionExpression"] += f" AND {still_reserved}"
        update["ExpressionAttributeValues"] |= encode({":known_notional": str(execution.reserved_notional)})
        writes[0]["Update"] |= update
        writes.append(
            {
                "Update": {
                    "TableName": table,
                    "Key": items.account_key(execution.executor),
                    "UpdateExpression": "ADD reserved_notional :notional, reserved_risk :risk, version :one",
                    "ExpressionAttributeValues": encode(
                        {
                            ":notional": -execution.reserved_notional,
                            ":risk": -execution.reserved_risk,
                            ":one": 1,
                        }
                    ),
                }
            }
        )
    if release is Release.RESERVATION_AND_SYMBOL:
        mine_or_gone = f"signal_id = :signal_id OR {NEW}"
        writes.append(
            {
                "Delete": {
                    "TableName": table,
                    "Key": items.symbol_lock_key(execution.executor, execution.symbol),
                    "ConditionExpression": mine_or_gone,
                    "ExpressionAttributeValues": encode({":signal_id": execution.signal_id}),
                }
            }
        )
    return writes


def published(signal_id: str, executors: Iterable[str]) -> Request:
    """Mark a signal as sent to every executor that awaited it: it leaves the outbox.

    An overlapping cycle may have marked some already; then the condition fails and `published_some` is used.
    """
    sent_to_all_that_wait = "awaiting = :sent"
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "ADD published_to :sent REMOVE awaiting, work_list, waiting_since",
        "ConditionExpression": sent_to_all_that_wait,
        "ExpressionAttributeValues": encode({":sent": set(executors)}),
    }


def published_some(signal_id: str, executors: Iterable[str]) -> Request:
    """Mark a signal as sent to some of the executors that await it."""
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "ADD published_to :sent DELETE awaiting :sent",
        "ConditionExpression": "attribute_exists(PK)",
        "ExpressionAttributeValues": encode({":sent": set(executors)}),
        "ReturnValues": "ALL_NEW",
    }


def left_outbox(signal_id: str) -> Request:
    """Take a signal that nobody awaits any more out of the outbox."""
    nobody_waits = "attribute_not_exists(awaiting)"
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "REMOVE work_list, waiting_since",
        "ConditionExpression": nobody_waits,
    }


def trading_state(executor: str, state: TradingState, *, reason: str, now: datetime) -> Request:
    """Set an account's trading state.

    A worker has read ACTIVE and is about to reserve; a person halts the account. The version has moved, the
    worker's reservation fails, it reads again and finds HALTED.
    """
    return {
        "Key": items.account_key(executor),
        "UpdateExpression": "SET trading_state = :state, state_reason = :reason, state_since = :now "
        "ADD version :one",
        "ExpressionAttributeValues": encode(
            {":state": str(state), ":reason": reason, ":now": iso(now), ":one": 1}
        ),
        "ReturnValues": "ALL_NEW",
    }


def stored(changed: Mapping[str, object]) -> dict[str, object]:
    """Return changed fields as the table keeps them: money as text, times as fixed-width text."""
    return {name: _as_stored(value) for name, value in changed.items()}


def _as_stored(value: object) -> object:
    match value:
        case datetime():
            return sortable(value)
        case Decimal() | StrEnum():
            return str(value)
        case _:
            return value
