"""Conditional writes of accounts, as request parameters, each with the race it closes."""

from datetime import date, datetime

from argo.adapters.aws import items
from argo.adapters.aws.items import encode
from argo.adapters.aws.writes import Request
from argo.domain.account import AccountState, TradingState
from argo.domain.limits import EquityMarks
from argo.domain.values import iso


def trading_state(
    executor: str,
    state: TradingState,
    *,
    reason: str,
    now: datetime,
    resumes_on: date | None,
    read: AccountState | None,
) -> Request:
    """Set an account's trading state.

    A worker has read ACTIVE and is about to reserve; a person halts the account. The version has moved, the
    worker's reservation fails, it reads again and finds HALTED. The reconciler has read a halt that ends today and
    is about to lift it; a person halts the account anew. The state is of another moment than was ``read``, and
    the person's stands.
    """
    values: dict[str, object] = {":state": str(state), ":reason": reason, ":now": iso(now), ":one": 1}
    resumes = ", resumes_on = :day" if resumes_on else " REMOVE resumes_on"
    request: Request = {
        "Key": items.account_key(executor),
        "UpdateExpression": "SET trading_state = :state, state_reason = :reason, state_since = :now"
        f"{resumes} ADD version :one",
    }
    values |= {":day": resumes_on.isoformat()} if resumes_on else {}
    if read is not None:
        nobody_set_it_since = "state_since = :read" if read.state_since else "attribute_not_exists(state_since)"
        request["ConditionExpression"] = nobody_set_it_since
        values |= {":read": iso(read.state_since)} if read.state_since else {}
    return request | {"ExpressionAttributeValues": encode(values)}


def observed(executor: str, known: EquityMarks, *, read: AccountState, now: datetime) -> Request:
    """Record an account's equity and its marks.

    Two reconcilers overlap, or a person has the marks measured anew meanwhile: who writes second finds other marks
    than those it began from.
    """
    as_they_were_read = "marks_version = :read" if read.marks_version else "attribute_not_exists(marks_version)"
    values = {
        ":day": known.trading_day.isoformat(),
        ":equity": str(known.equity),
        ":day_start": str(known.day_start),
        ":start": str(known.start),
        ":peak": str(known.peak),
        ":now": iso(now),
    }
    return {
        "Key": items.account_key(executor),
        "UpdateExpression": "SET trading_day = :day, equity = :equity, day_start_equity = :day_start, "
        "starting_equity = :start, peak_equity = :peak, observed_at = :now ADD marks_version :one",
        "ConditionExpression": as_they_were_read,
        "ExpressionAttributeValues": encode(
            values | {":one": 1} | ({":read": read.marks_version} if read.marks_version else {})
        ),
    }


def measured_anew(executor: str) -> Request:
    """Forget what drawdowns are measured from: the next observation begins anew."""
    return {
        "Key": items.account_key(executor),
        "UpdateExpression": "REMOVE starting_equity, peak_equity ADD version :one, marks_version :one",
        "ExpressionAttributeValues": encode({":one": 1}),
    }
