"""Running the tests on mutants: as many at once as there are cores, each in a process and a copy of the code."""

import contextlib
import json
import multiprocessing
import os
import queue
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

from tests.mutants.alone import ANSWER, test_here
from tests.mutants.drawing import Mutant
from tests.mutants.reaching import Reaching, copy_of_the_code, environment

_IMPORTED_ONCE = ["pytest", "hypothesis", "pydantic", "boto3", "aws_lambda_powertools", "requests", "moto"]


class Verdict(NamedTuple):
    """The test that noticed a mutant, "the import" or "the end of its process"; None when nothing did."""

    mutant: Mutant
    noticed_by: str | None


def judge(mutants: Sequence[Mutant], known: Reaching, most_seconds: float) -> Iterator[Verdict]:
    """Yield the verdicts in the mutants' order."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(_IMPORTED_ONCE)
    copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
    cores = len(os.sched_getaffinity(0))
    for i in range(cores):
        copies.put(copy_of_the_code(f"copy-{i}"))

    def verdict(mutant: Mutant, most_seconds: float = most_seconds) -> Verdict:
        tests, copy = known.tests_for(mutant, most_seconds), copies.get()
        (copy / ANSWER).unlink(missing_ok=True)
        with _mutated(copy, mutant):
            process = processes.Process(target=test_here, args=(copy, environment(copy), tests))
            process.start()
            process.join()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what its tests have left running
        copies.put(copy)
        if process.exitcode < 0:
            return Verdict(mutant, "the end of its process")
        if process.exitcode:
            raise RuntimeError(f"{mutant.place}: the tests could not be run")
        return Verdict(mutant, json.loads((copy / ANSWER).read_text()))

    if verdict(replace(mutants[0], source=mutants[0].path.read_text()), 5).noticed_by:
        raise RuntimeError("the tests fail on the code as it is")
    with ThreadPoolExecutor(cores) as pool:
        yield from pool.map(verdict, mutants)


@contextlib.contextmanager
def _mutated(copy: Path, mutant: Mutant) -> Iterator[None]:
    """Have the mutant in the copy; what Python has compiled of either must not be taken for the other."""
    changed = copy / mutant.path
    was, compiled = changed.read_text(), Path(cache_from_source(str(changed)))
    for source in (mutant.source, was):
        changed.write_text(source)
        compiled.unlink(missing_ok=True)
        if source is not was:
            yield
