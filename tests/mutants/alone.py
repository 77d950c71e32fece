"""What the process of one mutant does: run tests until one fails."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ANSWER = "noticed.json"
_FIRST_FILES = 8
_OPTIONS = (
    *("-x", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # what is imported before is no test
)


def test_here(copy: Path, environment: Mapping[str, str], tests: Sequence[str]) -> None:
    """Write down which of the tests fails first on a copy's code, or "the import" where none could begin."""
    os.setsid()
    os.chdir(copy)
    os.environ.update(environment)
    sys.dont_write_bytecode = False  # the copy serves many mutants
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    (copy / ANSWER).write_text(json.dumps(_noticed_by(tests)))
    os._exit(0)


def _noticed_by(tests: Sequence[str]) -> str | None:
    import pytest  # noqa: PLC0415 - once in the server that these processes are forked from

    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    for chosen in filter(None, (files[:_FIRST_FILES], files[_FIRST_FILES:])):
        only = _Only(tests)
        code = pytest.main([*_OPTIONS, *chosen], plugins=[only])
        if code in {pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.INTERNAL_ERROR}:
            raise RuntimeError(f"pytest cannot run {chosen}")
        if code:
            return only.failed or "the import"
    return None


class _Only:
    """A pytest plugin: none but these tests, and the first of them that fails."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._tests = frozenset(tests)
        self.failed: str | None = None

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = [item for item in items if item.nodeid in self._tests]

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid
