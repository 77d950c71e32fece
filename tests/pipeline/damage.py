"""A deployment with one thing broken: put back afterwards, or gone for good."""

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from argo.adapters.clock import SystemClock
from argo.domain.account import TradingState
from simulation.broker.server import Fault
from tests.pipeline.deployed_world import HUSH, KEY_IDS

TEN_MINUTES = timedelta(minutes=10)


@contextmanager
def a_refused_key(world):
    world.store_key("argo", {"key_id": "PKREPEALED0000000000", "secret_key": HUSH})
    yield
    world.store_key("argo")


@contextmanager
def no_parameter(world):
    world.aws.client("ssm").delete_parameter(Name=world.parameter("argo"))
    yield
    world.store_key("argo")


@contextmanager
def a_malformed_parameter(world):
    world.store_key("argo", f"{KEY_IDS['argo']}:{HUSH}")
    yield
    world.store_key("argo")


@contextmanager
def a_placeholder(world):
    world.store_key("argo", {"key_id": "<key id>", "secret_key": HUSH})
    yield
    world.store_key("argo")


@contextmanager
def a_readable_parameter(world):
    world.store_key("argo", kind="String")
    yield
    world.store_key("argo")


@contextmanager
def a_blocked_account(world):
    world.at_broker("argo").trading_blocked = True
    yield
    world.at_broker("argo").trading_blocked = False


@contextmanager
def trading_state(world, state, reason):
    def change(to, why):
        asyncio.run(world.ledger.set_trading_state("argo", to, reason=why, now=SystemClock().now()))

    change(state, reason)
    yield
    change(TradingState.ACTIVE, "mended")


@contextmanager
def a_dead_letter(world):
    sqs, url = world.aws.client("sqs"), world.stack.dead_letter_urls["argo"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    yield
    sqs.purge_queue(QueueUrl=url)


@contextmanager
def queue_attribute(world, name, value, healthy):
    sqs, url = world.aws.client("sqs"), world.stack.queue_urls["argo"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before.get(name, healthy)})


@contextmanager
def a_disabled_schedule(world):
    scheduler = world.aws.client("scheduler")
    found = scheduler.get_schedule(Name=world.schedule_of("GenerateFunction"))
    kept = {name: found[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="DISABLED")
    yield
    scheduler.update_schedule(**kept, State="ENABLED")


@contextmanager
def a_disabled_mapping(world):
    lambda_, uuid = world.aws.client("lambda"), world.physical("ExecuteArgoSource")
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)


@contextmanager
def a_mapping_of_whole_batches(world):
    lambda_, uuid = world.aws.client("lambda"), world.physical("ExecuteArgoSource")
    lambda_.update_event_source_mapping(UUID=uuid, FunctionResponseTypes=[])
    yield
    lambda_.update_event_source_mapping(UUID=uuid, FunctionResponseTypes=["ReportBatchItemFailures"])


@contextmanager
def a_function_that_may_not_run(world):
    lambda_, name = world.aws.client("lambda"), world.physical("ExecuteArgoFunction")
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    yield
    lambda_.delete_function_concurrency(FunctionName=name)


@contextmanager
def a_feed_that_fails(world):
    faults = world.broker.server.faults
    world.broker.call(lambda: faults.add(Fault(path="/v2/stocks/*", status=503, times=100)))
    yield
    world.broker.call(faults.clear)


@contextmanager
def a_silent_broker(world):
    faults = world.broker.server.faults
    world.broker.call(lambda: faults.add(Fault(path="/v2/account", drop=True, times=100)))
    yield
    world.broker.call(faults.clear)


@contextmanager
def no_recovery(world):
    dynamodb = world.aws.client("dynamodb")

    def change(enabled):
        wanted = {"PointInTimeRecoveryEnabled": enabled}
        dynamodb.update_continuous_backups(TableName=world.stack.table, PointInTimeRecoverySpecification=wanted)

    change(False)
    yield
    change(True)


@contextmanager
def no_protection(world):
    dynamodb = world.aws.client("dynamodb")
    dynamodb.update_table(TableName=world.stack.table, DeletionProtectionEnabled=False)
    yield
    dynamodb.update_table(TableName=world.stack.table, DeletionProtectionEnabled=True)


@contextmanager
def a_silent_reconciler(world):
    world.reconciled(TEN_MINUTES)
    yield
    world.reconciled()


@contextmanager
def skewed(world, by):
    world.time.by = by
    yield
    world.time.by = timedelta()


a_clock_ahead = partial(skewed, by=timedelta(minutes=90))


a_clock_behind = partial(skewed, by=timedelta(seconds=-3_600))


halted = partial(trading_state, state=TradingState.HALTED, reason="the broker refuses the credentials")


fallen = partial(trading_state, state=TradingState.HALTED, reason="drawdown_limit: {'loss': '12000'}")


short_visibility = partial(queue_attribute, name="VisibilityTimeout", value="60", healthy="180")


no_redrive = partial(queue_attribute, name="RedrivePolicy", value="", healthy="")


def no_table(world):
    dynamodb = world.aws.client("dynamodb")
    dynamodb.update_table(TableName=world.stack.table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=world.stack.table)


def no_index(world):
    world.aws.client("dynamodb").update_table(
        TableName=world.stack.table,
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "open_executions"}}],
    )


def no_queue(world):
    world.aws.client("sqs").delete_queue(QueueUrl=world.stack.queue_urls["argo"])


def no_function(world):
    world.aws.client("lambda").delete_function(FunctionName=world.physical("ReconcileArgoFunction"))


def no_schedule(world):
    world.aws.client("scheduler").delete_schedule(Name=world.schedule_of("ReconcileArgoFunction"))
