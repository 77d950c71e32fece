"""Domain models as DynamoDB items and back: keys, index entries, number rules."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from argo.domain.account import TradeExit
from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.lists import Unreadable, UnreadableRecord
from argo.domain.signal import Signal, SignalOutcome
from argo.domain.values import sortable

type Item = dict[str, Any]
"""An item in DynamoDB's typed JSON: ``{"PK": {"S": "..."}}``."""

BY_TIME = "by_time"
OPEN_EXECUTIONS = "open_executions"
PARTITION_KEYS = {BY_TIME: "time_partition", OPEN_EXECUTIONS: "work_list"}
OUTBOX = "OUTBOX"
UNJUDGED = "UNJUDGED"
LOCK = "POSITION#"
ENDED = "EXIT#"


ACCOUNTED = "ACCOUNTED"
"""Sort key beside an account's state, before all that is read with it."""

NOT_AS_WRITTEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What reading an item raises that another version wrote: an unknown member, a missing field, another type."""

_WHY = 200
"""Characters of what is told of it."""


def signal_key(signal_id: str) -> Item:
    return encode({"PK": f"SIGNAL#{signal_id}", "SK": "SIGNAL"})


def execution_key(signal_id: str, executor: str) -> Item:
    return encode({"PK": f"SIGNAL#{signal_id}", "SK": f"EXECUTION#{executor}"})


def shift_key(shard: str) -> Item:
    return encode({"PK": f"GENERATOR#{shard}", "SK": "SHIFT"})


def account_partition(executor: str) -> str:
    """Partition of an account: its trades that have ended, its symbol locks, its state, in this order."""
    return f"ACCOUNT#{executor}"


def account_key(executor: str) -> Item:
    return encode({"PK": account_partition(executor), "SK": "STATE"})


def holds_key(executor: str) -> Item:
    """Key of which account of the broker an executor holds, which no reading of its state meets."""
    return encode({"PK": account_partition(executor), "SK": "BROKER"})


def broker_account_key(number: str) -> Item:
    return encode({"PK": f"BROKER#{number}", "SK": "HOLDER"})


def accounted_key(executor: str) -> Item:
    return encode({"PK": account_partition(executor), "SK": ACCOUNTED})


def symbol_lock_key(executor: str, symbol: str) -> Item:
    return encode({"PK": account_partition(executor), "SK": f"{LOCK}{symbol}"})


def trade_exit_item(executor: str, ended: TradeExit) -> Item:
    sort_key = f"{ended_since(ended.at)}#{ended.signal_id}"
    return encode({"PK": account_partition(executor), "SK": sort_key, **asdict(ended), "at": sortable(ended.at)})


def ended_since(time: datetime) -> str:
    """Return the first sort key of the trades that ended at a time or after it."""
    return f"{ENDED}{sortable(time)}"


def held_token(symbol: str, signal_id: str) -> str:
    """Return what the account's item keeps of a symbol lock, so that a reader sees both or reads again."""
    return f"{symbol}#{signal_id}"


def signals_partition(day: str) -> str:
    """Partition of `BY_TIME` that lists a UTC day's signals."""
    return f"SIGNALS#{day}"


def executions_partition(executor: str, day: str) -> str:
    """Partition of `BY_TIME` that lists an account's executions of a UTC day's signals."""
    return f"EXECUTIONS#{executor}#{day}"


def work_list(executor: str) -> str:
    return f"EXECUTOR#{executor}"


def open_work(executor: str, since: datetime) -> dict[str, str]:
    """Return the index keys that put an execution into its account's list of open work."""
    return {"work_list": work_list(executor), "waiting_since": sortable(since)}


def encode(values: Mapping[str, object]) -> Item:
    """Write plain values as DynamoDB's typed JSON; None is left out, as absence is what DynamoDB indexes."""
    return {name: _typed(value) for name, value in values.items() if value is not None}


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read DynamoDB's typed JSON as plain values; whole numbers become int."""
    return {name: _plain(value) for name, value in item.items()}


def signal_item(
    signal: Signal, *, mode: str, executors: frozenset[str], declined: Mapping[str, str] | None = None
) -> Item:
    """Return the item of a signal that ``executors`` still await: in its day's list and in a work list.

    That is the outbox, or, where nobody awaits it, the list of signals whose outcome is not known.
    """
    waiting = {"awaiting": set(executors), "work_list": OUTBOX} if executors else {"work_list": UNJUDGED}
    return signal_key(signal.signal_id) | encode(
        {
            "signal": signal.model_dump(mode="json"),
            "content_sha256": signal.content_sha256(),
            "mode": mode,
            "time_partition": signals_partition(_day(signal.created_at)),
            "time_sort": _time_sort(signal.created_at, signal.signal_id),
            "waiting_since": sortable(signal.created_at),
            "declined": dict(declined) if declined else None,
            **waiting,
        }
    )


def stored_signal(item: Mapping[str, Any]) -> StoredSignal:
    values = decode(item)
    return StoredSignal(
        signal=Signal.model_validate(values["signal"]),
        mode=values["mode"],
        published_to=frozenset(values.get("published_to", ())),
        awaiting=frozenset(values.get("awaiting", ())),
        declined=values.get("declined", {}),
        outcome=SignalOutcome.model_validate(values["outcome"]) if "outcome" in values else None,
    )


def known[T](item: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T:
    """Read an item.

    Raises:
        UnreadableRecord: it is of a version that this code does not know.
    """
    try:
        return read(item)
    except NOT_AS_WRITTEN as error:
        raise UnreadableRecord(unreadable(item, error)) from error


def readable[T](
    found: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]
) -> tuple[list[T], list[Unreadable]]:
    """Read items; those that this code does not know are named, and keep nobody from the others."""
    records: list[T] = []
    others: list[Unreadable] = []
    for item in found:
        try:
            records.append(known(item, read))
        except UnreadableRecord as unknown:
            others.append(unknown.found)
    return records, others


def execution_item(execution: Execution) -> Item:
    """Return the item of an execution: in its day's list and in its account's list of open work."""
    return execution_key(*execution.key) | encode(
        {
            **execution.model_dump(mode="json"),
            "lease_until": sortable(execution.lease_until),
            "time_partition": executions_partition(execution.executor, _day(execution.created_at)),
            "time_sort": _time_sort(execution.created_at, execution.signal_id),
            **open_work(execution.executor, execution.created_at),
        }
    )


def execution(item: Mapping[str, Any]) -> Execution:
    return Execution.model_validate(decode(item))


def unreadable(item: Mapping[str, Any], error: Exception) -> Unreadable:
    """Name an item by its key, and say on one line what is wrong with it."""
    name = " ".join(str(item.get(part, {}).get("S", "?")) for part in ("PK", "SK"))
    return Unreadable(name, f"{type(error).__name__}: {' '.join(str(error).split())}"[:_WHY])


def _day(time: datetime) -> str:
    return time.astimezone(UTC).date().isoformat()


def _time_sort(time: datetime, signal_id: str) -> str:
    return f"{sortable(time)}#{signal_id}"


def _typed(value: object) -> Item:
    """Write one value; a float is written by its shortest form, so 75.3 stays 75.3.

    Raises:
        TypeError: DynamoDB has no such type.
    """
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case float():
            return {"N": repr(value)}
        case int() | Decimal():
            return {"N": str(value)}
        case Mapping():
            return {"M": encode(value)}
        case list() | tuple():
            return {"L": [_typed(each) for each in value if each is not None]}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case BaseModel():
            return {"M": encode(value.model_dump(mode="json"))}
        case _:
            raise TypeError(f"DynamoDB has no type for {value!r}")


def _plain(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - DynamoDB's values are of any type
    """Read one value.

    Raises:
        TypeError: the value is of a type that this code never writes.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else number
        case "M":
            return decode(content)
        case "L":
            return [_plain(each) for each in content]
        case "SS":
            return set(content)
        case _:
            raise TypeError(f"an attribute of type {kind}")
