"""Coverage-guided fuzzing of Argo's doors: `make fuzz ARGS="--seconds 300 bars_file"`.

A corpus grows in .argo/fuzz, a folder per door; what breaks a promise is left there as `crash-...`, and the exit
code is 1. `make fuzz` brings atheris, which has wheels for some platforms only and therefore no place in the lock.
"""

import argparse
import hashlib
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["argo", "execution", "simulation", "trading_api", "tomllib", "csv"], enable_loader_override=False
):
    from tests.fuzz import broker_wire, doors
    from tests.fuzz.samples import seeds

_CORPORA = Path(".argo") / "fuzz"
_LONGEST_INPUT = 8_192
_SECONDS_FOR_ONE = 20
_NAMES = tuple(seeds())


def main() -> int:
    """Fuzz the doors that are named, one after the other, each in a process of its own; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("doors", nargs="*", metavar="door", help=", ".join(_NAMES))
    parser.add_argument("--seconds", type=int, default=60, help="for each door (default: %(default)s)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.doors) - set(_NAMES):
        parser.error(f"no such door: {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    if options.here:
        _fuzz(options.doors[0], options.seconds)
    broken = [name for name in options.doors or _NAMES if _ended_badly(name, options.seconds)]
    for name in broken:
        sys.stderr.write(f"{name}: a promise is broken; see {_CORPORA / name}/crash-*\n")
    return int(bool(broken))


def _ended_badly(name: str, seconds: int) -> bool:
    command = [sys.executable, "-m", __spec__.name, "--here", "--seconds", str(seconds), name]
    return subprocess.run(command, check=False).returncode != 0  # noqa: S603 - this module


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz one door; libFuzzer ends the process."""
    corpus = _CORPORA / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds()[name]:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    logging.disable()
    words = _CORPORA / f"{name}.dict"
    words.write_text(_dictionary(seeds()[name]), encoding="ascii")
    arguments = [
        f"-dict={words}",
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_SECONDS_FOR_ONE}",
        f"-artifact_prefix={corpus}{os.sep}",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
    ]
    with broker_wire.serving() as wire:
        door: Callable[[bytes], object] = getattr(doors, name)
        atheris.Setup([name, *arguments, str(corpus)], partial(door, wire=wire) if name == "alpaca" else door)
        atheris.Fuzz()


def _dictionary(found: list[bytes]) -> str:
    """Return the words of the seeds, as libFuzzer reads them."""
    words = sorted({word for seed in found for word in re.findall(rb"[\w./:+-]{2,40}", seed)})
    return "".join(f'"{word.decode("ascii")}"\n' for word in words)


if __name__ == "__main__":
    raise SystemExit(main())
