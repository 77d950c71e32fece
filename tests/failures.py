"""A pytest plugin for `make failures`: run the tests named after rows of docs/failures.md, and say how they stand.

A test is named after a row, `test_a12_...`, or after several, `test_a26_b12_...`.
"""

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS.parent / "docs" / "failures.md"

_ROW = re.compile(r"\| ([A-C]\d\d) \| [^|]+ \| ([^|]+) \|")
_NAMED = re.compile(r"test((?:_[a-c]\d\d)+)_")
_COLOURS = {"held": {"green": True}, "BROKEN": {"red": True}, "NOT TESTED": {"yellow": True}}


def rows() -> dict[str, str]:
    """Return every row of the table with what Argo does about it."""
    return {match[1]: match[2] for match in _ROW.finditer(TABLE.read_text(encoding="utf-8"))}


def rows_of(name: str) -> list[str]:
    """Return the rows that a test is named after."""
    named = _NAMED.match(name)
    return [row.upper() for row in named[1].split("_")[1:]] if named else []


@cache
def named_tests() -> tuple[tuple[str, str], ...]:
    """Return the rows that tests are named after, each with a test's file and name; nothing is imported."""
    return tuple(
        (row, f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}")
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for row in rows_of(node.name)
    )


class Failures:
    """Counts outcomes by test, and tells them by row."""

    def __init__(self) -> None:
        self._outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if rows_of(item.name)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self._outcomes[report.nodeid.partition("[")[0]][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("docs/failures.md")
        for row, does in rows().items():
            tests = self._tests(row)
            ran = sum(tests.values(), Counter())
            standing = _standing(ran)
            terminalreporter.write(f"{row}  ")
            terminalreporter.write(f"{standing:<10}", **_COLOURS[standing])
            terminalreporter.write_line(f"  {ran.total():>4} in {len(tests)}: {does}")
            for test, outcomes in tests.items():
                said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
                terminalreporter.write_line(f"       {test}  {said}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if any(_standing(sum(self._tests(row).values(), Counter())) != "held" for row in rows()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _tests(self, row: str) -> dict[str, Counter[str]]:
        return {test: outcomes for test, outcomes in sorted(self._outcomes.items()) if row in _rows_of_id(test)}


def _rows_of_id(node_id: str) -> list[str]:
    return rows_of(node_id.rpartition("::")[2])


def _standing(ran: Counter[str]) -> str:
    if ran["failed"]:
        return "BROKEN"
    return "held" if ran["passed"] else "NOT TESTED"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Failures())
