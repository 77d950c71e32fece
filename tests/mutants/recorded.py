"""A pytest plugin that writes down how long each test took that passed, in seconds.json."""

import json
from collections import Counter
from pathlib import Path

import pytest

_seconds: Counter[str] = Counter()
_others: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        _others.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        passed = {test: seconds for test, seconds in sorted(_seconds.items()) if test not in _others}
        Path("seconds.json").write_text(json.dumps(passed))
