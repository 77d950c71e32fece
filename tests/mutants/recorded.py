"""A pytest plugin that measures every test, and writes down in seconds.json how long each took that passed."""

import json
from collections import Counter
from pathlib import Path

import pytest

_seconds: Counter[str] = Counter()
_others: set[str] = set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.own_markers = [mark for mark in item.own_markers if mark.name != "no_cover"]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        _others.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        passed = {test: seconds for test, seconds in sorted(_seconds.items()) if test not in _others}
        Path("seconds.json").write_text(json.dumps(passed))
