"""Executions to which something has happened ten thousand times, in the table: small, and they can be ended."""

from collections import deque
from decimal import Decimal

import pytest

from argo.adapters.aws import items
from argo.domain.account import LONGEST_REASON, TradingState
from argo.domain.changes import Change
from argo.domain.execution import ExecutionState, Transition
from argo.domain.ledger import LostLease, Release, Settlement
from argo.domain.placements import Exit
from argo.domain.sizes import LARGEST_ITEM, size_of_item
from simulation.ports.ledger import InMemoryLedger, ItemTooLarge
from tests.contract.backends import Plain
from tests.contract.workers import claim, intend, reach
from tests.unit.builders import NOW, a_signal
from tests.unit.domain.long_records import MANY, WHY, at, guard_attempt, of_length, pause, refused_exit, repeated

LARGEST = 32 * 1024
FILLED, SUBMITTING = ExecutionState.FILLED, ExecutionState.SUBMITTING


def words(number):
    """Return one of two reasons of 500 characters, as an exit is refused now for one and now for the other."""
    return of_length(number // 2 % 2, 500)


def put(backend, table, execution):
    """Write a record as it is."""
    item = items.execution_item(execution) | items.encode({"revision": execution.revision or None})
    backend.dynamodb.put_item(TableName=table, Item=item)
    return execution


def size_in(backend, table, execution):
    key = items.execution_key(*execution.key)
    return size_of_item(items.decode(backend.dynamodb.get_item(TableName=table, Key=key)["Item"]))


def end(ledger, execution):
    """End an execution that a run has read from the table."""
    state = ExecutionState.CLOSED if execution.state is FILLED else ExecutionState.REJECTED
    learnt = Settlement(reason="other", release=Release.RESERVATION_AND_SYMBOL)
    return ledger.settle(ledger.execution(*execution.key), state, learnt, now=at(MANY))


def is_free(ledger):
    rival = claim(ledger, a_signal(strategy="rival"))
    return intend(ledger, rival).state is SUBMITTING and ledger.account("argo").holdings.keys() == {"AAPL"}


@pytest.mark.parametrize(
    ("state", "step"),
    [(FILLED, refused_exit(words)), (FILLED, guard_attempt(words)), (SUBMITTING, pause(words))],
    ids=["refused exits", "guard attempts", "pauses"],
)
def test_c05_after_ten_thousand_a_record_is_small_and_is_closed_and_its_symbol_free(ministack, state, step):
    table = ministack.table()
    ledger = ministack.ledger(table)
    begun = reach(ledger, state)
    (last,) = deque(repeated(begun, step, MANY), maxlen=1)
    if last.state is ExecutionState.CLAIMED:
        last = last.model_copy(update={"state": SUBMITTING})
    put(
        ministack,
        table,
        last.model_copy(update={"reserved_notional": Decimal(1000), "reserved_risk": Decimal(50)}),
    )

    size = size_in(ministack, table, last)
    ended = end(ledger, last)

    assert max(size, size_in(ministack, table, last)) <= LARGEST
    assert (ended.state.is_terminal, ended) == (True, ledger.execution(*last.key))
    assert ledger.open_executions("argo", limit=10) == []
    assert is_free(ledger)


def filled_up(execution):
    """Return a record as the version before filled it, a step for everything that happened."""
    step = Transition(state=execution.state, at=NOW, epoch=1, detail={"exit": WHY, "message": "x" * 900})
    return execution.model_copy(update={"history": (*execution.history, *(step,) * 405), "revision": 0})


def test_c05_a_record_that_is_full_already_can_be_ended(ministack):
    table = ministack.table()
    ledger = ministack.ledger(table)
    full = put(ministack, table, filled_up(reach(ledger, FILLED)))
    assert LARGEST_ITEM - 4_000 < size_in(ministack, table, full) < LARGEST_ITEM

    ended = end(ledger, full)

    assert (ended.state, ended) == (ExecutionState.CLOSED, ledger.execution(*full.key))
    assert size_in(ministack, table, full) <= LARGEST
    assert is_free(ledger)


def test_c05_the_ledger_in_memory_refuses_what_the_table_refuses(ministack):
    table = ministack.table()
    memory = InMemoryLedger(mode="simulated")
    held = reach(Plain(memory), FILLED)
    too_much = Exit(why="x" * LARGEST_ITEM, planned_at=NOW)
    step = held.history[-1]

    with pytest.raises(ItemTooLarge):
        Plain(memory)._move(held, Change({"exit": too_much}, step, of_same_state=True))
    with pytest.raises(ministack.dynamodb.exceptions.ClientError, match="maximum allowed size"):
        put(ministack, table, held.model_copy(update={"exit": too_much}))

    assert memory.find(*held.key) == held


@pytest.mark.transaction
def test_c05_who_has_not_read_the_last_step_writes_nothing_also_where_the_history_is_shortened(ledger):
    begun = execution = reach(ledger, FILLED)
    lengths = []
    for number in range(60):
        read, planned = execution, Exit(why=of_length(number, 400), planned_at=NOW)
        execution = ledger.record_exit(read, planned, now=at(number))
        lengths.append(len(execution.history))
        if number % 12 == 0 or lengths[-1] < lengths[-2]:
            with pytest.raises(LostLease):
                ledger.record_exit(read, planned, now=at(number))

    assert ledger.execution(*execution.key) == execution
    assert lengths != sorted(lengths)
    assert sum(step.count for step in execution.history) == 60 + len(begun.history)


def test_c05_an_account_keeps_so_much_of_a_reason(ledger):
    long = "🛑" * 200_000

    ledger.set_trading_state("argo", TradingState.HALTED, reason=long, now=NOW)

    kept = ledger.account("argo").state_reason
    assert (len(kept.encode()) <= LONGEST_REASON, long.startswith(kept.removesuffix("…"))) == (True, True)


def appended_by_the_version_before(backend, table, read, **planned):
    """Record an exit as the version before this did: a step longer, on the length that it has read."""
    exit_ = Exit(why="an operator", planned_at=NOW, **planned)
    step = Transition(state=read.state, at=NOW, epoch=read.epoch, detail={"exit": exit_.why})
    backend.dynamodb.update_item(
        TableName=table,
        Key=items.execution_key(*read.key),
        UpdateExpression="SET #exit = :exit, history = list_append(history, :history)",
        ConditionExpression="#state = :state AND epoch = :epoch AND size(history) = :steps",
        ExpressionAttributeNames={"#exit": "exit", "#state": "state"},
        ExpressionAttributeValues=items.encode(
            {
                ":exit": exit_,
                ":history": [step],
                ":state": str(read.state),
                ":epoch": read.epoch,
                ":steps": len(read.history),
            }
        ),
    )


def test_c05_two_versions_write_one_record_and_each_knows_of_the_other(ministack):
    table = ministack.table()
    ledger = ministack.ledger(table)
    read = reach(ledger, FILLED)
    conflict = ministack.dynamodb.exceptions.ConditionalCheckFailedException

    appended_by_the_version_before(ministack, table, read)
    with pytest.raises(LostLease):
        ledger.record_exit(read, Exit(why="another", planned_at=NOW), now=NOW)
    read = ledger.execution(*read.key)
    for number in range(80):
        written = ledger.record_exit(read, Exit(why=of_length(number, 400), planned_at=NOW), now=at(number))
        with pytest.raises(conflict):
            appended_by_the_version_before(ministack, table, read)
        read = written
    appended_by_the_version_before(ministack, table, read)

    assert ledger.execution(*read.key).exit.why == "an operator"
    assert size_in(ministack, table, read) <= LARGEST
