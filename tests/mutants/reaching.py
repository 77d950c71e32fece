"""Which tests reach a line: recorded for the code as it is, and kept in .argo/mutants until it changes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData

from tests.mutants.drawing import Mutant

_KEPT = Path(".argo") / "mutants"
_ROOTS = ("layers/common", "functions/generate", "functions/execute", "functions/reconcile", "functions/api", ".")
_FOLDERS = tuple(f"tests/{name}" for name in ("unit", "contract", "pipeline", "faults", "fuzz", "deployment"))
_PAGES = "tests/unit/console/test_docs.py"
"""Compares the generated pages with the bounds, defaults and meanings that they are generated from."""

_MEASURED = """[run]
source_pkgs = argo, execution, generation, reconciliation
concurrency = thread
relative_files = true
"""


class Reaching:
    """The tests that passed, with their seconds, and the lines that each of them executed."""

    def __init__(self, seconds: Mapping[str, float], covered: CoverageData) -> None:
        self.seconds = seconds
        self._covered = covered
        self._lines: dict[str, dict[int, list[str]]] = {}

    def tests_for(self, mutant: Mutant, most_seconds: float) -> dict[str, float]:
        """Return the quickest tests that a change could matter to, by their seconds, file by file.

        Those that execute the statement; where only the import executes it, those that execute or hold a line with
        the name that it defines, and those of the pages that are generated from it.
        """
        tests = self._executing(str(mutant.path), range(mutant.first, mutant.last + 1)) or self._naming(mutant)
        quickest = sorted(tests, key=lambda test: (self.seconds[test], test))
        spent = accumulate(self.seconds[test] for test in quickest)
        chosen = [test for test, so_far in zip(quickest, spent, strict=True) if so_far <= most_seconds]
        of_files: dict[str, float] = defaultdict(float)
        for test in chosen:
            of_files[_file(test)] += self.seconds[test]
        return {
            test: self.seconds[test] for test in sorted(chosen, key=lambda test: (of_files[_file(test)], test))
        }

    def _executing(self, path: str, lines: Iterable[int]) -> set[str]:
        if path not in self._lines:
            self._lines[path] = self._covered.contexts_by_lineno(path)
        contexts = {context for line in lines for context in self._lines[path].get(line, ())}
        return {context.rpartition("|")[0] for context in contexts} & self.seconds.keys()

    def _naming(self, mutant: Mutant) -> set[str]:
        path, lines = str(mutant.path), mutant.path.read_text().splitlines()
        defined = re.match(r"\s*(?:async def |def |class |type )?(\w+)", lines[mutant.first - 1])
        word = re.compile(rf"\b{defined[1] if defined else path}\b")
        found = set()
        for other, text in self._texts.items():
            at = [number for number, line in enumerate(text, 1) if word.search(line)]
            if other.startswith("tests"):
                found |= {test for test in self.seconds if at and _file(test) == other}
            else:
                found |= self._executing(other, at)
        of_pages = {test for test in self.seconds if _file(test) == _PAGES}
        return of_pages | (found or self._executing(path, range(1, len(lines) + 1)))

    @cached_property
    def _texts(self) -> Mapping[str, list[str]]:
        of_the_code = {path for path in self._covered.measured_files() if not Path(path).is_absolute()}
        paths = of_the_code | {_file(test) for test in self.seconds}
        return {path: Path(path).read_text().splitlines() for path in sorted(paths)}


def reaching() -> Reaching:
    """Return what each test executes, recorded anew when the code has changed."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _files() if path.suffix != ".md")).hexdigest()
    record, covered = _KEPT / "seconds.json", _KEPT / "covered"
    if not record.exists() or json.loads(record.read_text())["code"] != digest:
        copy = copy_of_the_code("recorded")
        (copy / "measured.ini").write_text(_MEASURED)
        how = "-n auto -p tests.mutants.recorded --cov --cov-config=measured.ini --cov-context=test --cov-report="
        command = [sys.executable, "-m", "pytest", *how.split(), *_FOLDERS]
        subprocess.run(command, cwd=copy, env=environment(copy), check=False)  # noqa: S603 - this project's tests
        shutil.copy(copy / ".coverage", covered)
        record.write_text(json.dumps({"code": digest, "seconds": json.loads((copy / "seconds.json").read_text())}))
    data = CoverageData(str(covered))
    data.read()
    return Reaching(json.loads(record.read_text())["seconds"], data)


def copy_of_the_code(name: str) -> Path:
    """Return a fresh copy of what git knows or would add."""
    copy = (_KEPT / name).resolve()
    shutil.rmtree(copy, ignore_errors=True)
    for path in _files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy / path)
    return copy


def environment(copy: Path) -> dict[str, str]:
    """Return the environment in which the copy's code is imported, not the installed one's."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(copy / root) for root in _ROOTS)}


def _files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603
    return sorted(path for name in listed.split("\0") if name and (path := Path(name)).is_file())


def _file(test: str) -> str:
    return test.partition("::")[0]
