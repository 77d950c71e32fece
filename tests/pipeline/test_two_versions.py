"""A rollout's half-hour: two versions of the code work on one ledger and read each other's records."""

from decimal import Decimal

from argo.domain.execution import ExecutionState
from tests.unit.builders import a_signal

NEWER = {"a_newer_versions_attribute": {"M": {"known": {"BOOL": False}}}}


def items(pipeline):
    """Read every item of the ledger by its keys."""
    table = pipeline._aws.client("dynamodb").scan(TableName=pipeline.resources.table, ConsistentRead=True)["Items"]
    return {(item["PK"]["S"], item["SK"]["S"]): item for item in table}


def a_newer_version_writes(pipeline):
    """Add to every item what this version does not know."""
    for item in items(pipeline).values():
        pipeline._aws.client("dynamodb").put_item(TableName=pipeline.resources.table, Item=item | NEWER)


def test_what_a_newer_version_has_added_is_neither_stumbled_over_nor_lost(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    a_newer_version_writes(pipeline)
    pipeline.poll()
    a_newer_version_writes(pipeline)
    pipeline.reconcile()
    pipeline.set_price("AAPL", Decimal(111))
    report = pipeline.reconcile()

    execution = pipeline.execution(signal)
    assert (execution.state, execution.realised_profit > 0) == (ExecutionState.CLOSED, True)
    assert (report.problems, report.conserved.total.gap) == ({}, 0)
    lacking = {key for key, item in items(pipeline).items() if not item.items() >= NEWER.items()}
    made_at_the_end = {"EXIT", "ACCOUNTED", "BROKER", "HOLDER"}
    assert {sort.partition("#")[0] for _, sort in lacking} <= made_at_the_end


def test_a_message_with_a_newer_versions_field_is_executed(pipeline):
    signal = a_signal()
    pipeline.store(signal)
    body = signal.model_dump_json()
    pipeline.send_raw(f'{{"a_newer_versions_field": 1, {body.removeprefix("{")}')

    pipeline.poll()

    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED
    assert pipeline.dead_letters() == []
