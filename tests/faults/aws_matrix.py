"""The second matrix's axes: every AWS call of every function, and what AWS really answers."""

from tests.aws_wire import READS, Strike, Trouble
from tests.faults.aws_deliveries import Denied, Entry, Exit, GivenBack, Malformed
from tests.faults.aws_doors import (
    Expired,
    Generation,
    Halt,
    Outbox,
    OutsideSignal,
    ReadSignal,
    ReadSignals,
    ReadStatus,
    Resumed,
)
from tests.faults.aws_runs import Filled, FirstRun, Guarded, NewDay, Overdue, Shared, Stopped

_RUN = {"GetParameter": 1, "Query": 5, "GetItem": 5}
"""What every run of a reconciler reads."""

PLACES = {
    Entry: {"GetParameter": 1, "PutItem": 1, "Query": 1, "TransactWriteItems": 1, "UpdateItem": 1},
    GivenBack: {
        "GetParameter": 1,
        "PutItem": 2,
        "Query": 2,
        "TransactWriteItems": 3,
        "GetItem": 1,
        "UpdateItem": 2,
        "ChangeMessageVisibility": 1,
    },
    Denied: {"PutItem": 1, "Query": 1, "UpdateItem": 1},
    Malformed: {"SendMessage": 1, "GetItem": 1, "PutItem": 1, "UpdateItem": 1},
    Exit: {"GetParameter": 1, "PutItem": 1, "Query": 1, "GetItem": 1, "UpdateItem": 5},
    FirstRun: {**_RUN, "GetItem": 3, "Query": 33, "UpdateItem": 2, "TransactWriteItems": 1},
    Filled: {**_RUN, "UpdateItem": 1, "TransactWriteItems": 2},
    Stopped: {**_RUN, "UpdateItem": 1, "TransactWriteItems": 1},
    Guarded: {**_RUN, "UpdateItem": 4, "TransactWriteItems": 2},
    Overdue: {**_RUN, "UpdateItem": 5},
    NewDay: {**_RUN, "GetItem": 3, "UpdateItem": 2, "TransactWriteItems": 1},
    Shared: {**_RUN, "GetItem": 3, "Query": 6, "UpdateItem": 3, "TransactWriteItems": 1},
    Generation: {"PutItem": 1, "Query": 3, "GetItem": 1, "UpdateItem": 3, "SendMessageBatch": 2},
    Outbox: {"Query": 3, "GetItem": 1, "UpdateItem": 4, "SendMessageBatch": 2},
    Expired: {"Query": 4, "GetItem": 1, "UpdateItem": 4},
    Halt: {"Query": 1, "UpdateItem": 1},
    OutsideSignal: {"Query": 43, "PutItem": 1, "GetItem": 41, "UpdateItem": 1, "SendMessageBatch": 1},
    ReadStatus: {"Query": 8, "GetItem": 2},
    ReadSignals: {"Query": 2},
    ReadSignal: {"GetItem": 1, "Query": 1},
    Resumed: {"Query": 1, "UpdateItem": 2},
}
"""Which calls each makes, and how often: `test_every_call_is_in_the_matrix` holds them to the code."""

READ_IN_FILLED = {FirstRun, Stopped, Guarded, Overdue, NewDay, Shared}
"""Runs that read what `Filled` reads."""

LOOKS = 4
"""How many of the looks are in the matrix by which a request waits for an outcome."""


def rows():
    """Return each place's calls: the place, the operation, and how many of them are in the matrix."""
    return [
        (place, operation, min(times, LOOKS) if place is OutsideSignal else times)
        for place, calls in PLACES.items()
        for operation, times in calls.items()
        if not (operation in READS and place in READ_IN_FILLED)
    ]


def cells():
    """Return every call of every function with every trouble that it can meet, and whether it is tried always.

    Always tried is one trouble per call, another one for the next: what each means to each write is held by
    `tests.contract.test_ledger_trouble`, and what the function makes of it does not depend on which it was. The
    whole matrix is `make test-faults`.
    """
    calls = [(place, operation, nth) for place, operation, times in rows() for nth in range(1, times + 1)]
    return [
        (place, Strike(operation, nth, trouble), trouble is met[number % len(met)])
        for number, (place, operation, nth) in enumerate(calls)
        for met in [[trouble for trouble in Trouble if trouble.can_meet(operation)]]
        for trouble in met
    ]
