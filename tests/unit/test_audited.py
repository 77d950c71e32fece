"""The audit of dependencies names what it could not look at, and goes on."""

import json
import subprocess
import sys

import pytest

from worlds.paths import PROJECT

CLEAN = {"name": "clean", "version": "1", "vulns": []}
VULNERABLE = {"name": "old", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "private", "skip_reason": "Dependency not found on PyPI and could not be audited: private (1)"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([UNKNOWN, CLEAN], 0, ["not audited  Dependency not found", "1 of 2 packages audited, 0 of them"]),
        ([UNKNOWN, VULNERABLE], 1, ["private (1)", "VULNERABLE   old 1: PYSEC-1, mended in 2", "1 of 2"]),
        ([UNKNOWN], 2, ["0 of 1 packages audited"]),
        ([CLEAN], 0, ["1 of 1 packages audited"]),
    ],
)
def test_c89_a_package_without_an_answer_is_named_and_the_rest_is_audited(found, code, said):
    done = subprocess.run(  # noqa: S603
        [sys.executable, PROJECT / ".ci" / "audited.py"],
        input=json.dumps({"dependencies": found, "fixes": []}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert all(each in done.stdout for each in said)
