"""Conditional writes of executions, as request parameters, each with the race it closes."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from argo.adapters.aws import items
from argo.adapters.aws.items import encode
from argo.domain.account import AccountState, TradeExit, minute_of
from argo.domain.changes import Change
from argo.domain.execution import Execution
from argo.domain.ledger import Intent, Release
from argo.domain.values import iso, sortable

type Request = dict[str, Any]

NEW = "attribute_not_exists(PK)"


def execution_update(execution: Execution, change: Change) -> Request:
    """Update an execution that is still as this worker knows it.

    Worker A stalls, its lease runs out, worker B takes over (epoch + 1) and moves the state. A wakes up and
    writes: its state or its epoch is no longer the record's, and the write fails.
    """
    as_this_worker_left_it = "#state = :known_state AND epoch = :known_epoch"
    if change.of_same_state:
        # An exit or a guard is recorded without a transition: a reconciler and an executor that both plan one have
        # the same state and epoch, but whoever writes second finds a longer history than it read.
        as_this_worker_left_it += " AND size(history) = :known_steps"

    values = {name: _as_stored(value) for name, value in change.values.items() if value is not None}
    removed = [name for name, value in change.values.items() if value is None]
    if change.step.state.is_terminal:
        removed += ["work_list", "waiting_since"]
    elif execution.state.is_terminal:
        values |= items.open_work(execution.executor, execution.created_at)
    assignments = [f"#{name} = :{name}" for name in values]
    assignments.append("history = list_append(history, :history)")
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
                ":history": [change.step],
            }
            | ({":known_steps": len(execution.history)} if change.of_same_state else {})
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
                "UpdateExpression": "ADD reserved_notional :notional, reserved_risk :risk, version :one, "
                "held :lock SET rate_minute = :minute, rate_orders = :orders",
                "ConditionExpression": unchanged if account.version else fresh,
                "ExpressionAttributeValues": encode(
                    {
                        ":notional": intent.notional,
                        ":risk": intent.risk,
                        ":one": 1,
                        ":lock": {items.held_token(execution.symbol, execution.signal_id)},
                        ":minute": iso(minute_of(change.step.at)),
                        ":orders": account.orders_in_minute(change.step.at) + 1,
                    }
                    | ({":read_version": account.version} if account.version else {})
                ),
            }
        },
        {
            "Put": {
                "TableName": table,
                "Item": items.symbol_lock_key(execution.executor, execution.symbol)
                | encode(
                    {
                        "signal_id": execution.signal_id,
                        "side": str(execution.side),
                        "notional": str(intent.notional),
                        "risk": str(intent.risk),
                        "since": iso(change.step.at),
                    }
                ),
                "ConditionExpression": free_or_mine,
                "ExpressionAttributeValues": encode({":signal_id": execution.signal_id}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]


def settlement_transaction(
    table: str, execution: Execution, change: Change, release: Release, ended: TradeExit | None = None
) -> list[Request]:
    """Return a transition that gives back what the execution holds, exactly once.

    The execution's own condition makes the release happen once: whoever comes second finds another state, or
    nothing reserved any more. The account's version moves, so that a reader in between reads again.
    """
    update = execution_update(execution, change)
    holds_money = bool(execution.reserved_notional or execution.reserved_risk)
    gives_symbol = release is Release.RESERVATION_AND_SYMBOL
    writes: list[Request] = [{"Update": {"TableName": table, **update}}]
    if release is not Release.NOTHING and holds_money:
        still_reserved = "reserved_notional = :known_notional"
        update["ConditionExpression"] += f" AND {still_reserved}"
        update["ExpressionAttributeValues"] |= encode({":known_notional": str(execution.reserved_notional)})
        writes[0]["Update"] |= update
    if gives_symbol or (release is not Release.NOTHING and holds_money):
        writes.append({"Update": {"TableName": table, **_given_back(execution, gives_symbol=gives_symbol)}})
    if gives_symbol:
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
    if ended is not None:
        writes.append({"Put": {"TableName": table, "Item": items.trade_exit_item(execution.executor, ended)}})
    return writes


def _given_back(execution: Execution, *, gives_symbol: bool) -> Request:
    """Take an execution's reservation off its account, and its symbol where that is free again."""
    expression = "ADD reserved_notional :notional, reserved_risk :risk, version :one"
    values: dict[str, object] = {
        ":notional": -execution.reserved_notional,
        ":risk": -execution.reserved_risk,
        ":one": 1,
    }
    if gives_symbol:
        expression += " DELETE held :lock"
        values[":lock"] = {items.held_token(execution.symbol, execution.signal_id)}
    return {
        "Key": items.account_key(execution.executor),
        "UpdateExpression": expression,
        "ExpressionAttributeValues": encode(values),
    }


def _as_stored(value: object) -> object:
    """Write money as text and times as fixed-width text."""
    match value:
        case datetime():
            return sortable(value)
        case Decimal() | StrEnum():
            return str(value)
        case _:
            return value
