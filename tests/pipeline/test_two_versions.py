"""A rollout's half-hour: two versions of the code work on one ledger and read each other's records."""

from decimal import Decimal

from argo.domain.execution import ExecutionState
from tests.unit.builders import a_signal

NEWER = {"a_newer_versions_attribute": {"M": {"known": {"BOOL": False}}}}


def items(stage):
    """Read every item of the ledger by its keys."""
    table = stage._aws.client("dynamodb").scan(TableName=stage.resources.table, ConsistentRead=True)["Items"]
    return {(item["PK"]["S"], item["SK"]["S"]): item for item in table}


def a_newer_version_writes(stage):
    """Add to every item what this version does not know."""
    for item in items(stage).values():
        stage._aws.client("dynamodb").put_item(TableName=stage.resources.table, Item=item | NEWER)


def test_what_a_newer_version_has_added_is_neither_stumbled_over_nor_lost(stage):
    signal = a_signal()
    stage.publish(signal)
    a_newer_version_writes(stage)
    stage.poll()
    a_newer_version_writes(stage)
    stage.reconcile()
    stage.set_price("AAPL", Decimal(111))
    report = stage.reconcile()

    execution = stage.execution(signal)
    assert (execution.state, execution.realised_profit > 0) == (ExecutionState.CLOSED, True)
    assert (report.problems, report.conserved.total.gap) == ({}, 0)
    lacking = {key for key, item in items(stage).items() if not item.items() >= NEWER.items()}
    assert {sort.partition("#")[0] for _, sort in lacking} <= {"EXIT"}  # this version's own, made at the end


def test_a_message_with_a_newer_versions_field_is_executed(stage):
    signal = a_signal()
    stage.store(signal)
    body = signal.model_dump_json()
    stage.send_raw(f'{{"a_newer_versions_field": 1, {body.removeprefix("{")}')

    stage.poll()

    assert stage.execution(signal).state is ExecutionState.SUBMITTED
    assert stage.dead_letters() == []
