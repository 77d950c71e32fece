"""Domain models as DynamoDB items and back: keys, index entries, number rules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from argo.domain.account import AccountState
from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.signal import Signal
from argo.domain.values import sortable

type Item = dict[str, Any]
"""An item in DynamoDB's typed JSON: ``{"PK": {"S": "..."}}``."""

BY_TIME = "by_time"
OPEN_EXECUTIONS = "open_executions"
OUTBOX = "OUTBOX"


def signal_key(signal_id: str) -> Item:
    """Key of the signal's item."""
    return encode({"PK": f"SIGNAL#{signal_id}", "SK": "SIGNAL"})


def execution_key(signal_id: str, executor: str) -> Item:
    """Key of the execution's item."""
    return encode({"PK": f"SIGNAL#{signal_id}", "SK": f"EXECUTION#{executor}"})


def account_key(executor: str) -> Item:
    """Key of the account's item."""
    return encode({"PK": f"ACCOUNT#{executor}", "SK": "STATE"})


def symbol_lock_key(executor: str, symbol: str) -> Item:
    """Key of the lock that names the execution holding a symbol."""
    return encode({"PK": f"ACCOUNT#{executor}", "SK": f"POSITION#{symbol}"})


def signals_partition(day: str) -> str:
    """Partition of `BY_TIME` that lists a UTC day's signals."""
    return f"SIGNALS#{day}"


def executions_partition(executor: str, day: str) -> str:
    """Partition of `BY_TIME` that lists an account's executions of a UTC day's signals."""
    return f"EXECUTIONS#{executor}#{day}"


def work_list(executor: str) -> str:
    """Partition of `OPEN_EXECUTIONS` that is an account's list of open work."""
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


def signal_item(signal: Signal, *, mode: str, executors: frozenset[str]) -> Item:
    """Return the item of a signal that ``executors`` still await: in its day's list and in the outbox."""
    waiting = {"awaiting": set(executors), "work_list": OUTBOX, "waiting_since": sortable(signal.created_at)}
    return signal_key(signal.signal_id) | encode(
        {
            "signal": _dump(signal),
            "content_sha256": signal.content_sha256(),
            "mode": mode,
            "time_partition": signals_partition(_day(signal.created_at)),
            "time_sort": _time_sort(signal.created_at, signal.signal_id),
            **(waiting if executors else {}),
        }
    )


def stored_signal(item: Mapping[str, Any]) -> StoredSignal:
    """Read a signal's item."""
    values = decode(item)
    return StoredSignal(
        signal=Signal.model_validate(values["signal"]),
        mode=values["mode"],
        published_to=frozenset(values.get("published_to", ())),
        awaiting=frozenset(values.get("awaiting", ())),
    )


def execution_item(execution: Execution) -> Item:
    """Return the item of an execution: in its day's list and in its account's list of open work."""
    return execution_key(*execution.key) | encode(
        {
            **_dump(execution),
            "lease_until": sortable(execution.lease_until),
            "time_partition": executions_partition(execution.executor, _day(execution.created_at)),
            "time_sort": _time_sort(execution.created_at, execution.signal_id),
            **open_work(execution.executor, execution.created_at),
        }
    )


def execution(item: Mapping[str, Any]) -> Execution:
    """Read an execution's item."""
    return Execution.model_validate(decode(item))


def account_state(executor: str, item: Mapping[str, Any]) -> AccountState:
    """Read an account's item; an absent one is a fresh account."""
    return AccountState.model_validate({"executor": executor} | decode(item))


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


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
            return {"M": encode(_dump(value))}
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
