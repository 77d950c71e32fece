"""CloudWatch's part in an alarm: records become series, and the template's own definition is evaluated on them."""

import ast
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cached_property

from worlds.paths import TEMPLATE
from worlds.template import read_template

MORE_PERIODS = 2
"""CloudWatch looks back further than the evaluation periods where data are missing; its documentation's examples
retrieve five data points for three periods ("Configuring how CloudWatch alarms treat missing data")."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATISTICS = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}
_COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class CloudWatch:
    """Measured values by metric; a metric is its namespace, its name and its dimensions."""

    def __init__(self):
        self._values = defaultdict(list)

    def put(self, namespace, name, dimensions, at, *values):
        self._values[namespace, name, frozenset(dimensions.items())] += [(at, value) for value in values]

    def take(self, printed, at):
        """Read the EMF records among printed lines, as of a time: Powertools stamps them with the machine's."""
        for line in printed.splitlines():
            record = json.loads(line) if line.startswith("{") else {}
            for emitted in record.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in emitted["Metrics"]:
                    for names in emitted["Dimensions"]:
                        dimensions = {name: record[name] for name in names}
                        self.put(emitted["Namespace"], metric["Name"], dimensions, at, *record[metric["Name"]])

    def __contains__(self, metric):
        return metric in self._values

    def points(self, metric, statistic, period, *, until, count):
        """Return a metric's last ``count`` whole periods, oldest first; None is a missing data point."""
        length = timedelta(seconds=period)
        end = (until - _EPOCH) // length
        measured = defaultdict(list)
        for at, value in self._values.get(metric, []):
            measured[(at - _EPOCH) // length].append(value)
        aggregated = _STATISTICS[statistic]
        return [aggregated(measured[each]) if each in measured else None for each in range(end - count, end)]


class Alarm:
    """An alarm of the template; parameters and resources stand under their logical names."""

    def __init__(self, name, properties, **parameters):
        self.name = name
        self._properties = properties
        self._parameters = parameters
        self._periods = properties["EvaluationPeriods"]
        self._needed = properties["DatapointsToAlarm"]

    @cached_property
    def metrics(self):
        """Its metrics with statistic and period, by the id that an expression has for them."""
        parts = [each for each in self._properties.get("Metrics", []) if "MetricStat" in each]
        if not parts:
            one = self._properties
            return {"": (self._metric(one), one["Statistic"], one["Period"])}
        return {
            each["Id"]: (self._metric(stat["Metric"]), stat["Stat"], stat["Period"])
            for each in parts
            for stat in [each["MetricStat"]]
        }

    @property
    def period(self):
        """Its period; that of all its metrics."""
        (period,) = {period for _, _, period in self.metrics.values()}
        return timedelta(seconds=period)

    def sounds(self, cloudwatch, *, since, until):
        """Say at the end of every period from ``since`` to ``until`` whether it sounds, oldest first."""
        states, state = [], False
        first = _EPOCH + ((since - _EPOCH) // self.period + 1) * self.period
        for number in range((until - first) // self.period + 1):
            state = self.after(self._points(cloudwatch, first + number * self.period), sounding=state)
            states.append(state)
        return states

    def after(self, points, *, sounding=False):
        """Say whether it sounds after an evaluation range of data points, oldest first."""
        bad = [self._breaches(each) for each in points if each is not None]
        if len(bad) >= self._periods:
            return sum(bad[-self._periods :]) >= self._needed
        match self._properties["TreatMissingData"]:
            case "breaching":
                return sum(bad) + self._periods - len(bad) >= self._needed
            case "notBreaching":
                return sum(bad) >= self._needed
            case "ignore":
                return sounding if all(bad) else sum(bad) >= self._needed
        raise AssertionError(f"{self.name}: TreatMissingData is {self._properties['TreatMissingData']}")

    def _points(self, cloudwatch, until):
        count = self._periods + MORE_PERIODS
        series = {
            name: cloudwatch.points(metric, statistic, period, until=until, count=count)
            for name, (metric, statistic, period) in self.metrics.items()
        }
        if "" in series:
            return series[""]
        (expression,) = [each["Expression"] for each in self._properties["Metrics"] if "Expression" in each]
        return [
            evaluated(expression, dict(zip(series, row, strict=True)))
            for row in zip(*series.values(), strict=True)
        ]

    def _breaches(self, value):
        return _COMPARISONS[self._properties["ComparisonOperator"]](value, self._properties["Threshold"])

    def _metric(self, described):
        dimensions = frozenset((each["Name"], self._resolved(each["Value"])) for each in described["Dimensions"])
        return described["Namespace"], described["MetricName"], dimensions

    def _resolved(self, value):
        if not isinstance(value, dict):
            return value
        name = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        return self._parameters.get(name, name)


def alarms(**parameters):
    """Return the template's alarms by their logical names."""
    return {
        name: Alarm(name, each["Properties"], **parameters)
        for name, each in read_template(TEMPLATE)["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }


def evaluated(expression, values):
    """Evaluate metric math at one time: arithmetic, comparisons, AND, OR, IF and FILL.

    Where any metric is missing the result is, unless FILL has put something in its place.
    """
    tree = ast.parse(expression.replace(" AND ", " and ").replace(" OR ", " or "), mode="eval")
    try:
        return _Math(values).visit(tree.body)
    except _Missing:
        return None


class _Missing(Exception):
    """A metric has no data point here."""


_OPERATORS = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
}


class _Math(ast.NodeVisitor):
    def __init__(self, values):
        self._values = values

    def visit_Constant(self, node):
        return node.value

    def visit_Name(self, node):
        if self._values[node.id] is None:
            raise _Missing
        return self._values[node.id]

    def visit_BinOp(self, node):
        return _OPERATORS[type(node.op)](self.visit(node.left), self.visit(node.right))

    def visit_Compare(self, node):
        (operator,), (right,) = node.ops, node.comparators
        return int(_OPERATORS[type(operator)](self.visit(node.left), self.visit(right)))

    def visit_BoolOp(self, node):
        found = [self.visit(each) for each in node.values]
        return int(all(found) if isinstance(node.op, ast.And) else any(found))

    def visit_Call(self, node):
        if node.func.id == "FILL":
            metric, instead = node.args
            known = self._values[metric.id]
            return self.visit(instead) if known is None else known
        assert node.func.id == "IF", f"{node.func.id}: a function that no alarm had so far"
        condition, yes, no = (self.visit(each) for each in node.args)
        return yes if condition else no

    def generic_visit(self, node):
        raise AssertionError(f"{ast.unparse(node)}: not a form that an alarm had so far")
