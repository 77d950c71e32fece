import json
import subprocess
import sys

import pytest

STARTS = """
import gc
from argo import cold_start

during = gc.isenabled()
with cold_start.ending():
    pass
print(during, gc.isenabled(), gc.get_freeze_count() > 0)
"""

FAILS = """
import gc, importlib, json, os, sys
from console.api_server import LocalContext
from argo.domain.tables import ConfigurationError

found = {}
for name in sys.argv[1:]:
    handler = importlib.import_module(name)
    for time in ("first", "again"):
        gc.disable()  # As its first import does, in a process of its own.
        try:
            handler.lambda_handler({"Records": []}, LocalContext(1.0))
        except ConfigurationError:
            found[f"{name}, {time}"] = gc.isenabled()
print(json.dumps(found))
"""

HANDLERS = [f"{name}.handler" for name in ("generation", "execution", "reconciliation", "trading_api")]


def printed(script, *arguments):
    """Run a script in a process of its own: the collector is one for the whole process."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout  # noqa: S603


def test_the_collector_stands_still_during_a_cold_start_and_collects_again_after_it():
    assert printed(STARTS).split() == ["False", "True", "True"]


@pytest.mark.parametrize("name", HANDLERS)
def test_c20_a_function_that_cannot_be_wired_collects_again(name):
    assert json.loads(printed(FAILS, name)) == {f"{name}, first": True, f"{name}, again": True}
