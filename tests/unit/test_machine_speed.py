"""No test depends on the machine's speed: a wait has an end only so that a hanging test is seen."""

import ast

from worlds import embedded_aws, rehearsal
from worlds.paths import PROJECT

PATIENCE = 120
"""Seconds that whatever is waited for may take, on a machine that does ten other things."""

CLOCKS = {"perf_counter", "process_time", "monotonic", "thread_time", "sleep"}
MAY_WAIT = {"tests/pipeline/test_watch_command.py", "tests/sam/test_serve.py"}
"""Tests of other processes: what they wait for, they wait for longer than `PATIENCE`."""

FILES = sorted((PROJECT / "tests").rglob("*.py"))


def faults_of(path):
    """Name what in a file goes by the machine's clock."""
    name = str(path.relative_to(PROJECT))
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match each:
            case ast.Import(names=names) if "time" in {alias.name for alias in names}:
                yield f"{name}:{each.lineno} imports time whole"
            case ast.ImportFrom(module="time", names=names) if name not in MAY_WAIT:
                yield from (f"{name}:{each.lineno} reads {a.name}" for a in names if a.name in CLOCKS)
            case ast.keyword(arg="timeout", value=ast.Constant(value=float() | int() as seconds)):
                if seconds < PATIENCE:
                    yield f"{name}:{each.lineno} gives up after {seconds} s"


def test_c88_a_test_measures_no_time_and_gives_up_late():
    assert [fault for path in FILES for fault in faults_of(path)] == []


def test_c88_so_do_the_worlds():
    emulator = embedded_aws._START_SECONDS, embedded_aws._STOP_SECONDS
    deployed = rehearsal._ORDER_SECONDS, rehearsal._SOON_SECONDS

    assert min(*emulator, *deployed) >= PATIENCE
