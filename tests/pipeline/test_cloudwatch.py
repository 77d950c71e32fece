"""The evaluator against CloudWatch's documentation: what it does with missing data, and metric math."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.pipeline.cloudwatch import Alarm, CloudWatch, evaluated

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
METRIC = ("Argo", "Retries", frozenset({("mode", "paper")}))


def an_alarm(missing, *, needed=3):
    return Alarm(
        "SomeAlarm",
        {
            "Namespace": "Argo",
            "MetricName": "Retries",
            "Dimensions": [{"Name": "mode", "Value": {"Ref": "Mode"}}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": needed,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": missing,
        },
        Mode="paper",
    )


def read(row):
    """Read a row of the documentation's tables: 0 is within the threshold, X beyond, - missing."""
    return [{"0": 0, "X": 1, "-": None}[each] for each in row.split()]


@pytest.mark.parametrize("sounding", [True, False])
@pytest.mark.parametrize(
    ("needed", "row", "expected"),
    [
        (3, "0 - X - X", (False, False, False)),
        (3, "- - - - 0", (False, False, False)),
        (3, "- - - - -", (None, True, False)),
        (3, "0 X X - X", (True, True, True)),
        (3, "- - X - -", (None, True, False)),
        (2, "0 - X - X", (True, True, True)),
        (2, "0 0 X 0 X", (True, True, True)),
        (2, "0 - X - -", (False, True, False)),
        (2, "- - - - 0", (False, True, False)),
        (2, "- - - X -", (None, True, False)),
    ],
)
def test_missing_data_are_treated_as_the_documentation_says(needed, row, expected, sounding):
    found = [
        an_alarm(missing, needed=needed).after(read(row), sounding=sounding)
        for missing in ("ignore", "breaching", "notBreaching")
    ]

    assert found == [sounding if each is None else each for each in expected]


def test_a_period_has_what_was_measured_from_its_beginning_to_before_its_end():
    cloudwatch = CloudWatch()
    for second, value in ((0, 1), (59, 2), (60, 4), (119, 8), (240, 16)):
        cloudwatch.put(*METRIC[:2], dict(METRIC[2]), NOON + timedelta(seconds=second), value)

    points = {
        statistic: cloudwatch.points(METRIC, statistic, 60, until=NOON + timedelta(seconds=245), count=4)
        for statistic in ("Sum", "Maximum", "SampleCount", "Average")
    }

    assert points == {
        "Sum": [3, 12, None, None],
        "Maximum": [2, 8, None, None],
        "SampleCount": [2, 2, None, None],
        "Average": [1.5, 6, None, None],
    }


def test_an_alarm_is_evaluated_at_the_end_of_every_whole_period():
    cloudwatch = CloudWatch()
    for minute in (1, 2, 3):
        cloudwatch.put(*METRIC[:2], dict(METRIC[2]), NOON + timedelta(minutes=minute), 1)

    states = an_alarm("notBreaching").sounds(cloudwatch, since=NOON, until=NOON + timedelta(minutes=9, seconds=5))

    assert states == [False, False, False, True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("IF((a - b > 0) AND (c == 0), 1, 0)", {"a": 3, "b": 1, "c": 0}, 1),
        ("IF((a - b > 0) AND (c == 0), 1, 0)", {"a": 3, "b": 1, "c": 1}, 0),
        ("IF((a - b > 0) AND (c == 0), 1, 0)", {"a": 3, "b": 3, "c": 0}, 0),
        ("IF((a - b > 0) AND (c == 0), 1, 0)", {"a": 3, "b": 1, "c": None}, None),
        ("100 * errors / calls", {"errors": 1, "calls": 4}, 25),
        ("IF(a > 0 OR b > 0, 2, 3)", {"a": 0, "b": 1}, 2),
        ("FILL(a, 7) + b", {"a": None, "b": 1}, 8),
    ],
)
def test_metric_math(expression, values, result):
    assert evaluated(expression, values) == result


def test_metric_math_that_is_not_known_is_not_guessed_at():
    with pytest.raises(AssertionError, match="RATE"):
        evaluated("RATE(a)", {"a": 1})
