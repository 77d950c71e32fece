import json
from io import StringIO

import pytest

from argo.domain.metrics import Metric
from argo.observability import NAMESPACE, Telemetry


def written(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def a_telemetry(service, **options):
    return Telemetry(service, mode="simulated", **options)


def test_a_flush_writes_one_record_of_everything_counted(capsys):
    telemetry = a_telemetry("observed-counts", executor="argo")
    telemetry.count(Metric.SIGNALS_RECEIVED, 3)
    telemetry.count(Metric.SIGNALS_RECEIVED)
    telemetry.count(Metric.ORDERS_SUBMITTED, 2)

    telemetry.flush()

    (record,) = written(capsys)
    assert (record["SignalsReceived"], record["OrdersSubmitted"]) == ([4], [2])
    assert record["_aws"]["CloudWatchMetrics"][0]["Namespace"] == NAMESPACE


@pytest.mark.parametrize(
    ("executor", "dimensions"),
    [
        (None, {"service": "observed-dimensions", "mode": "simulated"}),
        ("argo", {"service": "observed-dimensions", "mode": "simulated", "executor": "argo"}),
    ],
)
def test_a03_the_mode_is_a_dimension_of_every_metric(capsys, executor, dimensions):
    telemetry = a_telemetry("observed-dimensions", executor=executor)
    telemetry.count(Metric.ORDERS_SUBMITTED)

    telemetry.flush()

    (record,) = written(capsys)
    (names,) = record["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert {name: record[name] for name in names} == dimensions


def test_a05_reasons_stand_beside_the_counts(capsys):
    telemetry = a_telemetry("observed-reasons")
    for reason in ("halted", "market_closed", "halted"):
        telemetry.count(Metric.SIGNALS_DENIED, reason=reason)

    telemetry.flush()

    (record,) = written(capsys)
    assert record["SignalsDenied"] == [3]
    assert record["reasons"] == {"halted": 2, "market_closed": 1}


def test_measured_values_keep_their_unit(capsys):
    telemetry = a_telemetry("observed-values")
    telemetry.record(Metric.BROKER_CALL, 12.5)
    telemetry.record(Metric.BROKER_CALL, 30)

    telemetry.flush()

    (record,) = written(capsys)
    assert record["BrokerCallMilliseconds"] == [12.5, 30]
    assert record["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "BrokerCallMilliseconds", "Unit": "Milliseconds"}
    ]


def test_a_flush_begins_anew(capsys):
    telemetry = a_telemetry("observed-anew")
    telemetry.count(Metric.RETRIES, reason="broker_unreachable")
    telemetry.record(Metric.BROKER_CALL, 1)
    telemetry.flush()
    telemetry.count(Metric.RETRIES)

    telemetry.flush()

    _, second = written(capsys)
    assert second["Retries"] == [1]
    assert not {"reasons", "BrokerCallMilliseconds"} & set(second)
    assert telemetry.counts == {}


def test_a_flush_of_nothing_writes_nothing(capsys):
    a_telemetry("observed-nothing").flush()

    assert written(capsys) == []


def test_a06_a_count_of_zero_is_written(capsys):
    telemetry = a_telemetry("observed-zero")
    telemetry.count(Metric.SIGNALS_GENERATED, 0)

    telemetry.flush()

    (record,) = written(capsys)
    assert record["SignalsGenerated"] == [0]


def test_every_metric_has_a_name_a_unit_and_a_meaning():
    names = [str(metric) for metric in Metric]

    assert len(set(names)) == len(names)
    assert all(name.isalpha() and name[0].isupper() for name in names)
    assert all(metric.meaning and metric.unit for metric in Metric)


def test_logs_go_to_the_stream_they_are_given():
    first, second = StringIO(), StringIO()
    a_telemetry("observed-twice", stream=first)

    a_telemetry("observed-twice", stream=second).log.info("heard")

    assert "heard" in second.getvalue()
