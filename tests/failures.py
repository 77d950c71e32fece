"""A pytest plugin for `make failures`: run the tests that are named after rows of docs/failures.md, and say how
each row stands.

A test is named after a row by its name, `test_a12_...`, or after several, `test_a26_b12_...`.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS.parent / "docs" / "failures.md"

_ROW = re.compile(r"\| ([AB]\d\d) \| [^|]+ \| ([^|]+) \|")
_NAMED = re.compile(r"test((?:_[ab]\d\d)+)_")
_OUTCOMES: defaultdict[str, Counter[str]] = defaultdict(Counter)
"""How often each test passed, failed or was skipped, by its file and name."""


def rows() -> dict[str, str]:
    """Return every row of the table with what Argo does about it."""
    return {match[1]: match[2] for match in _ROW.finditer(TABLE.read_text(encoding="utf-8"))}


def rows_of(name: str) -> list[str]:
    """Return the rows that a test is named after."""
    named = _NAMED.match(name)
    return [row.upper() for row in named[1].split("_")[1:]] if named else []


def named_tests() -> Iterator[tuple[str, str]]:
    """Yield each row that a test is named after, with the test's file and name, without importing any."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for row in rows_of(node.name):
                    yield row, f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}"


def standing(row: str, tests: Sequence[str], outcomes: Mapping[str, Counter[str]]) -> str:
    """Return how a row stands: held, broken, or without a test that ran."""
    ran: Counter[str] = sum((outcomes[test] for test in tests if test in outcomes), Counter())
    if ran["failed"]:
        return "BROKEN"
    return "held" if ran["passed"] else "NO TEST"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if rows_of(item.name)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or not report.passed:
        _OUTCOMES[report.nodeid.partition("[")[0]][report.outcome] += 1
