"""A ledger that was lost and restored, by the runbook: another table, on which everything goes on."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from console.stacks import read_stack
from tests.pipeline.deployed_world import DeployedWorld, a_broker
from tests.pipeline.pipeline import Pipeline
from tests.unit.builders import a_signal
from worlds.paths import PROJECT

RUNBOOK = Path(PROJECT, "docs", "operations.md").read_text("utf-8")


def restore(aws, table):
    """Restore a table as the runbook says; the one that is made has neither protection nor a way back in time."""
    dynamodb, restored = aws.client("dynamodb"), f"{table}-restored"
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=restored, UseLatestRestorableTime=True
    )
    dynamodb.get_waiter("table_exists").wait(TableName=restored)
    return restored


@pytest.fixture
def interrupted(pipeline):
    """A pipeline in the middle of its work: an order, a waiting signal, a worker that died, an account halted."""
    pipeline.execute(a_signal())
    left = a_signal(symbol="IBM")
    pipeline.store(left)
    asyncio.run(
        pipeline.ledger.claim(
            left, "argo", now=pipeline.clock.now() - timedelta(minutes=2), lease=timedelta(seconds=60)
        )
    )
    pipeline.publish(a_signal(symbol="MSFT"))
    pipeline.set_trading_state(TradingState.HALTED, "prop_firm", reason="before the restore")
    return pipeline


@pytest.fixture
def restored(interrupted, aws):
    """The same account, queues and broker, with every function on the restored table."""
    table = restore(aws, interrupted.resources.table)
    after = Pipeline(aws, replace(interrupted.resources, table=table), interrupted.background)
    after.clock = interrupted.clock
    yield after
    aws.client("dynamodb").delete_table(TableName=table)


def orders_of(pipeline, signal):
    return [order for order in pipeline.broker_orders() if signal.signal_id in order.client_order_id]


def test_c14_a_signal_that_waited_is_executed_on_the_restored_records_alone(interrupted, restored):
    signal = a_signal(symbol="MSFT")

    restored.poll()

    assert restored.execution(signal).state.has_order
    assert interrupted.execution(signal) is None


def test_c14_a_signal_that_had_its_order_is_not_ordered_again(interrupted, restored):
    restored.redeliver(interrupted.invocations[0][0])

    assert len(orders_of(restored, a_signal())) == 1
    assert restored.execution(a_signal()).order_id == interrupted.execution(a_signal()).order_id


def test_c14_a_dead_workers_execution_and_an_open_order_are_followed(restored):
    restored.reconcile()
    restored.poll()

    assert restored.execution(a_signal()).state is ExecutionState.FILLED
    assert restored.execution(a_signal(symbol="IBM")).state.has_order


def test_c14_a_halt_holds(restored):
    signal = a_signal(confidence=90)

    found = restored.execute(signal, "prop_firm")

    assert (found.state, found.reason) == (ExecutionState.DENIED, "halted")


@pytest.fixture
def world(aws):
    with a_broker() as background:
        yield DeployedWorld(aws, background)


def deploy_with(world, **changes):
    """Deploy the stack's own template again with parameters changed."""
    cloudformation = world.aws.client("cloudformation")
    kept = [
        {"ParameterKey": name, "UsePreviousValue": True} for name in world.stack.parameters if name not in changes
    ]
    cloudformation.update_stack(
        StackName=world.name,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=kept + [{"ParameterKey": name, "ParameterValue": value} for name, value in changes.items()],
    )
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=world.name, WaiterConfig={"Delay": 0, "MaxAttempts": 5_000}
    )
    world.stack = read_stack(world.aws.client, world.name)


def tables_of(world):
    """Return the tables that the functions' variables name."""
    client = world.aws.client("lambda")
    functions = world.stack.resources["AWS::Lambda::Function"].values()
    described = [client.get_function_configuration(FunctionName=name) for name in functions]
    return {each["Environment"]["Variables"]["ARGO_TABLE_NAME"] for each in described}


def test_c14_the_runbook_restores_a_stack(world):
    """Every step of *Restore the ledger*, in its order."""
    own = world.stack.table
    table = restore(world.aws, own)
    halts = [
        world.invoke("halt", name, "--reason", "restore", "--stack", world.name, "--table", table)
        for name in ("argo", "prop_firm")
    ]
    deploy_with(world, RestoredTable=table)

    assert [each.exit_code for each in halts] == [0, 0], halts
    assert tables_of(world) == {world.stack.table} == {table}
    shown = json.loads(world.invoke("status", "--stack", world.name, "--json").stdout)
    assert {each["executor"]: each["trading_state"] for each in shown} == {"argo": "HALTED", "prop_firm": "HALTED"}
    before = json.loads(world.invoke("status", "--stack", world.name, "--table", own, "--json").stdout)
    assert {each["trading_state"] for each in before} == {"ACTIVE"}

    _, unprotected = world.doctor()
    dynamodb = world.aws.client("dynamodb")
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    _, unguarded = world.doctor()
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    _, mended = world.doctor()
    assert f"aws dynamodb update-continuous-backups --table-name {table}" in unprotected["table"]["cure"]
    assert f"aws dynamodb update-table --table-name {table}" in unguarded["table"]["cure"]
    assert mended["table"]["level"] == "ok"


def test_c14_the_runbook_has_these_steps_in_this_order():
    section = RUNBOOK.partition("### Restore the ledger")[2].partition("\n## ")[0]
    steps = re.findall(
        r"argo halt|restore-table-to-point-in-time|wait table-exists|--table TABLE-restored|RestoredTable=|"
        r"update-continuous-backups|update-table|argo resume",
        " ".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)),
    )

    assert steps == [
        "argo halt",
        "restore-table-to-point-in-time",
        "wait table-exists",
        "argo halt",
        "--table TABLE-restored",
        "update-continuous-backups",
        "update-table",
        "argo resume",
    ]
    assert "RestoredTable=TABLE-restored" in section


def test_only_a_stack_has_another_table(world):
    result = world.invoke("status", "--table", "another")

    assert result.exit_code == 2
    assert "--table is of a stack" in result.output
