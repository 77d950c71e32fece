"""What the process of one mutant does: run tests until one fails."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Timer

ANSWER = "noticed.json"
_FIRST_FILES = 8
_HANGS = 10
"""A test that takes so many times what it took, and half a minute, goes on for ever."""

_OPTIONS = (
    *("-x", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # what is imported before is no test
)


def test_here(copy: Path, environment: Mapping[str, str], tests: Mapping[str, float]) -> None:
    """Write down which of the tests, by seconds, fails first on a copy's code, or why none could."""
    os.setsid()
    os.chdir(copy)
    os.environ.update(environment)
    sys.dont_write_bytecode = False  # the copy serves many mutants
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    _end(copy, _noticed_by(copy, tests))


def _end(copy: Path, noticed_by: str | None) -> None:
    (copy / ANSWER).write_text(json.dumps(noticed_by))
    os._exit(0)


def _noticed_by(copy: Path, tests: Mapping[str, float]) -> str | None:
    import pytest  # noqa: PLC0415 - once in the server that these processes are forked from

    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    for chosen in filter(None, (files[:_FIRST_FILES], files[_FIRST_FILES:])):
        only = _Only(copy, tests)
        code = pytest.main([*_OPTIONS, *chosen], plugins=[only])
        if code in {pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.INTERNAL_ERROR}:
            raise RuntimeError(f"pytest cannot run {chosen}")
        if code:
            return only.failed or "the import"
    return None


class _Only:
    """A pytest plugin: none but these tests, and the first of them that fails or hangs."""

    def __init__(self, copy: Path, tests: Mapping[str, float]) -> None:
        self._copy = copy
        self._tests = tests
        self.failed: str | None = None

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = [item for item in items if item.nodeid in self._tests]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._timer = Timer(30 + _HANGS * self._tests[nodeid], _end, (self._copy, f"{nodeid}, which hangs"))
        self._timer.daemon = True
        self._timer.start()

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_runtest_logfinish(self) -> None:
        self._timer.cancel()
