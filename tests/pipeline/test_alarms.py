"""Every alarm of the template, in a healthy half-hour and with the thing broken that it is for.

The functions run as their handlers run them and print their metrics; the alarm's own definition is evaluated on
what they printed. See `tests.pipeline.watched_pipeline` for what AWS reports by itself.
"""

import pytest

from argo.domain.config import Source
from argo.domain.profile import ExitRules, OnUnprotected
from simulation.broker.server import BackgroundServer
from tests.deep import sampled
from tests.pipeline.cloudwatch import MORE_PERIODS, alarms
from tests.pipeline.market_day import Day
from tests.pipeline.pipeline import EXECUTORS, PRICE, Pipeline, a_broker
from tests.pipeline.watched_pipeline import ACCOUNTS, HANDLERS, WatchedPipeline, is_in_pipeline
from worlds.paths import TEMPLATE

ALARMS = {name: alarm for name, alarm in alarms(Mode="simulated").items() if is_in_pipeline(name)}
NO_MONEY = {"code": 40310000, "message": "insufficient buying power"}
UNAUTHORISED = {"message": "unauthorized."}
WRITTEN_ONLY_WHEN_BROKEN = {"SourceFailures", "CredentialsRefused"}
FEED = {"path": "/v2/stocks/*"}
A_SOURCE_THAT_FAILS = {"stumbling": Source(plugin="tests.pipeline.watched_pipeline.Stumbling")}


@pytest.fixture
def watched(pipeline):
    return WatchedPipeline(pipeline)


@pytest.fixture(scope="module")
def healthy(aws):
    """Half an hour in which both accounts trade and nothing is wrong."""
    with BackgroundServer(a_broker()) as background:
        watched = WatchedPipeline(Pipeline(aws, aws.create_resources(TEMPLATE, "healthy"), background))
        for symbol in ("AAPL", "MSFT", "SPY", "QQQ", "IBM"):
            for executor in EXECUTORS:
                watched.signal(executor, symbol=symbol)
            watched.minutes(7)
        yield watched


def a_signal_and_no_executor(watched, executor):
    watched.off.add(f"Execute{ACCOUNTS[executor]}Function")
    watched.signal(executor)
    watched.minutes(12)


def every_order_is_refused(watched, executor):
    watched.breaks(method="POST", path="/v2/orders", status=403, body=NO_MONEY)
    for symbol in ("AAPL", "MSFT", "SPY", "QQQ"):
        watched.signal(executor, symbol=symbol)
        watched.minutes(7)


def a_signal_is_deleted_by_hand(watched, executor):
    signal = watched.signal(executor)
    watched.minutes(1)
    key = {"PK": {"S": f"SIGNAL#{signal.signal_id}"}, "SK": {"S": "SIGNAL"}}
    table = watched.pipeline.resources.table
    exists = "attribute_exists(PK)"
    watched.pipeline._aws.client("dynamodb").delete_item(TableName=table, Key=key, ConditionExpression=exists)
    watched.minutes(3)


def a_record_of_a_later_version(watched, executor):
    signal = watched.signal(executor)
    watched.minutes(1)
    watched.pipeline._aws.client("dynamodb").update_item(
        TableName=watched.pipeline.resources.table,
        Key={"PK": {"S": f"SIGNAL#{signal.signal_id}"}, "SK": {"S": f"EXECUTION#{executor}"}},
        UpdateExpression="SET #state = :later",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":later": {"S": "PARKED"}},
    )
    watched.minutes(6)


def a_stop_is_gone_and_no_other_is_taken(watched, executor):
    watched.pipeline.configured(executor, exits=ExitRules(unprotected=OnUnprotected.WARN))
    signal = watched.signal(executor)
    watched.minutes(2)
    day = Day(watched.pipeline, executor)
    for leg in day.order(signal).legs:
        if leg.is_open:
            day.cancel_by_hand(leg)
    watched.breaks(method="POST", path="/v2/orders", status=403, body=NO_MONEY)
    watched.minutes(5)


def a_daily_loss(watched, executor):
    watched.pipeline.configured(executor, daily_loss_limit_percent=1)
    watched.minutes(1)
    Day(watched.pipeline, executor).order_by_hand(symbol="NVDA", side="buy", qty=5_000)
    watched.pipeline.set_price("NVDA", PRICE * 9 / 10)
    watched.minutes(1)


def a_key_that_is_refused(watched, _):
    watched.breaks(path="/v2/account", status=401, body=UNAUTHORISED)
    watched.minutes(2)


def no_reconciler(watched, executor):
    watched.off.add(f"Reconcile{ACCOUNTS[executor]}Function")
    watched.minutes(5 + MORE_PERIODS)


def poison(watched, executor):
    watched.pipeline.send_raw("poison", to=executor)
    watched.minutes(2)


def no_generator(watched, _):
    watched.off.add("GenerateFunction")
    watched.minutes(5 + MORE_PERIODS)


def a_source_fails(watched, _):
    watched.minutes(4)


def a_feed_that_is_down(watched, _):
    watched.breaks(**FEED, status=503)
    watched.minutes(6)


def market_data_refused(watched, _):
    watched.breaks(**FEED, status=401, body=UNAUTHORISED)
    watched.minutes(2)


def invocations_that_raise(watched, _):
    watched.broken.update(HANDLERS)
    watched.minutes(2)


def invocations_that_are_refused(watched, _):
    watched.throttled.update(HANDLERS)
    watched.minutes(2)


STRUCK = "argo"
"""Every account's alarms are one part of the template: they are broken at one account, and heard at both."""
BROKEN = {
    no_generator: ["GeneratorSilentAlarm"],
    a_source_fails: ["SourceFailingAlarm"],
    market_data_refused: ["GenerateCredentialsAlarm"],
    a_feed_that_is_down: ["FeedFailingAlarm"],
    a_signal_and_no_executor: [
        "ArgoSignalsWithoutOrdersAlarm",
        "ArgoUnresolvedTooOldAlarm",
        "ArgoOldestMessageAlarm",
    ],
    every_order_is_refused: ["ArgoOrdersStoppedAlarm"],
    a_signal_is_deleted_by_hand: ["ArgoConservationGapAlarm"],
    a_stop_is_gone_and_no_other_is_taken: ["ArgoUnprotectedPositionAlarm"],
    a_daily_loss: ["ArgoAccountHaltedAlarm"],
    a_record_of_a_later_version: ["ArgoUnreadableRecordsAlarm"],
    a_key_that_is_refused: ["ArgoCredentialsRefusedAlarm"],
    no_reconciler: ["ArgoReconcilerSilentAlarm"],
    poison: ["ArgoDeadLettersAlarm"],
    invocations_that_raise: [
        "GenerateErrorsAlarm",
        "ExecuteArgoErrorsAlarm",
        "ReconcileArgoErrorsAlarm",
        "ApiErrorsAlarm",
    ],
    invocations_that_are_refused: [
        "GenerateThrottlesAlarm",
        "ExecuteArgoThrottlesAlarm",
        "ReconcileArgoThrottlesAlarm",
        "ApiThrottlesAlarm",
    ],
}
"""What is broken, and the alarms that then sound."""


def test_no_alarm_is_without_a_scenario():
    broken = {name for names in BROKEN.values() for name in names}

    assert broken == {name for name in ALARMS if ACCOUNTS["prop_firm"] not in name}
    assert {name.replace("Argo", "PropFirm") for name in broken} <= ALARMS.keys()


def test_while_all_is_well_no_alarm_sounds(healthy):
    assert not {name for name in ALARMS if any(healthy.states(name))}


def test_an_alarm_is_quiet_because_of_what_is_measured_not_because_nothing_is(healthy):
    wanted = {metric for alarm in ALARMS.values() for metric, _, _ in alarm.metrics.values()}
    unheard = {metric for metric in wanted if metric not in healthy.cloudwatch}

    assert {name for _, name, _ in unheard} <= WRITTEN_ONLY_WHEN_BROKEN
    assert all(healthy.pipeline.broker_orders(executor) for executor in EXECUTORS)


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda breaks: breaks.__name__)
def test_an_alarm_sounds_when_what_it_is_for_is_broken(pipeline, breaks):
    watched = WatchedPipeline(pipeline, **(A_SOURCE_THAT_FAILS if breaks is a_source_fails else {}))
    watched.minutes(1)
    quiet = [name for name in BROKEN[breaks] if not watched.sounds(name)]

    breaks(watched, STRUCK)

    assert quiet == BROKEN[breaks]
    assert [name for name in BROKEN[breaks] if watched.sounds(name)] == BROKEN[breaks]


@pytest.mark.parametrize(
    "fault",
    sampled(
        [
            FEED | {"status": 503},
            FEED | {"status": 429},
            FEED | {"drop": True},
            {"path": "/v2/clock", "status": 503},
        ],
        every=3,
    ),
    ids=["503", "429", "no answer", "no clock"],
)
def test_a_feed_that_fails_all_day_sounds_while_the_heartbeat_goes_on(watched, fault):
    watched.breaks(**fault)

    watched.minutes(10)

    assert watched.sounds("FeedFailingAlarm")
    assert not watched.sounds("GeneratorSilentAlarm")
    assert not watched.sounds("GenerateCredentialsAlarm")


def test_a_feed_that_stumbles_now_and_then_does_not_sound(watched):
    for _ in range(4):
        watched.breaks(**FEED, status=503, times=1)
        watched.minutes(2)

    assert not any(watched.states("FeedFailingAlarm"))


def test_a_refused_key_is_not_called_a_failing_feed(watched):
    watched.breaks(**FEED, status=401, body=UNAUTHORISED)

    watched.minutes(10)

    assert watched.sounds("GenerateCredentialsAlarm")
    assert not any(watched.states("FeedFailingAlarm"))


def test_a_halt_that_nobody_reports_on_any_more_goes_on_sounding(watched):
    a_daily_loss(watched, STRUCK)
    no_reconciler(watched, STRUCK)

    assert watched.sounds("ArgoAccountHaltedAlarm")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_one_account_in_trouble_is_not_the_other(watched, executor):
    (other,) = set(EXECUTORS) - {executor}

    poison(watched, executor)
    a_signal_and_no_executor(watched, executor)
    a_daily_loss(watched, executor)

    assert not [name for name in ALARMS if name.startswith(ACCOUNTS[other]) and watched.sounds(name)]
