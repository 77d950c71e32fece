"""Conditional writes of executions, as request parameters, each with the race it closes."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from argo.adapters.aws import items
from argo.adapters.aws.items import encode
from argo.adapters.aws.table import NEW, Request, update_of
from argo.domain.account import AccountState, minute_of
from argo.domain.changes import Change
from argo.domain.execution import Execution
from argo.domain.ledger import Intent, Release
from argo.domain.values import iso, sortable


def execution_update(execution: Execution, change: Change) -> Request:
    """Update an execution that is still as this worker knows it.

    Worker A stalls, its lease runs out, worker B takes over (epoch + 1) and moves the state. A wakes up and
    writes: its state or its epoch is no longer the record's, and the write fails.
    """
    as_this_worker_left_it = "#state = :known_state AND epoch = :known_epoch"
    if change.needs_all_as_read:
        # What keeps the state finds the same one after another's write: two reconcilers that each learn a fill, or
        # one and an executor that both plan an exit. Whoever writes second finds another revision than it read. A
        # worker of an older version knows of no revision, and has made the history longer. What rewrites the
        # history, as it has become too long, must not lose a step that it has not read.
        revision = "revision = :known_revision" if execution.revision else "attribute_not_exists(revision)"
        as_this_worker_left_it += f" AND size(history) = :known_steps AND {revision}"

    values = {name: _as_stored(value) for name, value in change.written.items() if value is not None}
    removed = [name for name, value in change.written.items() if value is None]
    if change.step.state.is_terminal:
        removed += ["work_list", "waiting_since"]
    elif execution.state.is_terminal:
        values |= items.open_work(execution.executor, execution.created_at)
    assignments = [f"#{name} = :{name}" for name in values]
    assignments.append("history = :history" if change.history else "history = list_append(history, :history)")
    assignments.append("revision = if_not_exists(revision, :none) + :one")
    removal = f" REMOVE {', '.join(removed)}" if removed else ""
    return update_of(
        items.execution_key(*execution.key),
        "SET " + ", ".join(assignments) + removal,
        values
        | {
            "known_state": str(execution.state),
            "known_epoch": execution.epoch,
            "history": change.history or [change.step],
            "known_steps": len(execution.history) if change.needs_all_as_read else None,
            "known_revision": (execution.revision or None) if change.needs_all_as_read else None,
            "none": 0,
            "one": 1,
        },
        condition=as_this_worker_left_it,
        names={f"#{name}": name for name in values} | {"#state": "state"},
    )


def takeover(execution: Execution, *, now: datetime, lease_until: datetime) -> Request:
    """Take an execution over from a worker whose lease has run out.

    Workers B and C both find A's lease over. B writes first and raises the epoch; C's condition names the
    old epoch and fails. A itself, were it to wake, fails the same way.
    """
    as_it_was_found = "#state = :found_state AND epoch = :found_epoch"
    lease_over = "lease_until <= :now"
    return update_of(
        items.execution_key(*execution.key),
        "SET epoch = :next_epoch, lease_until = :lease_until, updated_at = :updated_at",
        {
            "found_state": str(execution.state),
            "found_epoch": execution.epoch,
            "next_epoch": execution.epoch + 1,
            "now": sortable(now),
            "lease_until": sortable(lease_until),
            "updated_at": iso(now),
        },
        condition=f"{as_it_was_found} AND {lease_over}",
        names={"#state": "state"},
    )


def intent_transaction(
    execution: Execution, change: Change, intent: Intent, account: AccountState
) -> list[Request]:
    """Return the intent: the execution's update, the reservation, the symbol lock, all or nothing.

    Two invocations read 100 USD of buying power and want 80 each. Both reserve; the second finds the
    account's version moved and reads again (FAILURES B12). Two signals for one symbol: the second finds the
    lock taken. A worker that crashes after this write leaves all that is needed to find its order again.
    """
    fresh = "attribute_not_exists(version)"
    unchanged = "version = :read_version"
    free_or_mine = f"{NEW} OR signal_id = :signal_id"
    now = change.step.at
    reservation = update_of(
        items.account_key(execution.executor),
        "ADD reserved_notional :notional, reserved_risk :risk, version :one, "
        "held :lock SET rate_minute = :minute, rate_orders = :orders",
        {
            "notional": intent.notional,
            "risk": intent.risk,
            "one": 1,
            "lock": {items.held_token(execution.symbol, execution.signal_id)},
            "minute": iso(minute_of(now)),
            "orders": account.orders_in_minute(now) + 1,
            "read_version": account.version or None,
        },
        condition=unchanged if account.version else fresh,
    )
    lock = {
        "signal_id": execution.signal_id,
        "side": str(execution.side),
        "notional": str(intent.notional),
        "risk": str(intent.risk),
        "since": iso(now),
    }
    return [
        {"Update": execution_update(execution, change)},
        {"Update": reservation},
        {
            "Put": {
                "Item": items.symbol_lock_key(execution.executor, execution.symbol) | encode(lock),
                "ConditionExpression": free_or_mine,
                "ExpressionAttributeValues": encode({":signal_id": execution.signal_id}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]


def settlement_transaction(execution: Execution, change: Change) -> list[Request]:
    """Return a transition that gives back what the execution holds, exactly once.

    The execution's own condition makes the release happen once: whoever comes second finds another state, or
    nothing reserved any more. The account's version moves, so that a reader in between reads again.
    """
    update = execution_update(execution, change)
    holds_money = bool(execution.reserved_notional or execution.reserved_risk)
    gives_money = change.release is not Release.NOTHING and holds_money
    gives_symbol = change.release is Release.RESERVATION_AND_SYMBOL
    lock = items.held_token(execution.symbol, execution.signal_id)
    writes: list[Request] = [{"Update": update}]
    if gives_money:
        still_reserved = "reserved_notional = :known_notional"
        update["ConditionExpression"] += f" AND {still_reserved}"
        update["ExpressionAttributeValues"] |= encode({":known_notional": str(execution.reserved_notional)})
    if gives_symbol or gives_money:
        given_back = update_of(
            items.account_key(execution.executor),
            "ADD reserved_notional :notional, reserved_risk :risk, version :one"
            + (" DELETE held :lock" if gives_symbol else ""),
            {
                "notional": -execution.reserved_notional,
                "risk": -execution.reserved_risk,
                "one": 1,
                "lock": {lock} if gives_symbol else None,
            },
        )
        writes.append({"Update": given_back})
    if gives_symbol:
        mine_or_gone = f"signal_id = :signal_id OR {NEW}"
        unlocked = {
            "Key": items.symbol_lock_key(execution.executor, execution.symbol),
            "ConditionExpression": mine_or_gone,
            "ExpressionAttributeValues": encode({":signal_id": execution.signal_id}),
        }
        writes.append({"Delete": unlocked})
    if change.ended is not None:
        writes.append({"Put": {"Item": items.trade_exit_item(execution.executor, change.ended)}})
    return writes


def _as_stored(value: object) -> object:
    """Write money as text and times as fixed-width text."""
    match value:
        case datetime():
            return sortable(value)
        case Decimal() | StrEnum():
            return str(value)
        case _:
            return value
