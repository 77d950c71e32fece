"""Files and directories that one process at a time may write, and only that may be removed (FAILURES C82)."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from argo.domain.tables import ConfigurationError

_MARK = ".argo-state"


@contextmanager
def owned_directory(directory: Path, option: str, *, known: bool = False) -> Iterator[None]:
    """Keep a directory for this process while the block runs; one that is new or empty becomes Argo's.

    The mark in it says that what is beside it is Argo's to remove; its lock ends with the process, however that
    ends. One that is ``known`` is Argo's without a mark.

    Raises:
        ConfigurationError: there is something in it and no mark, or another process keeps it; names ``option``.
    """
    mark = directory / _MARK
    is_new = not directory.exists() or (directory.is_dir() and not any(directory.iterdir()))
    if not (is_new or known or mark.exists()):
        raise ConfigurationError(
            f"{option} {directory}: not empty, and not made by argo: name another, or empty it"
        )
    directory.mkdir(parents=True, exist_ok=True)
    with mark.open("a", encoding="utf-8") as kept:
        _lock(kept, f"{option} {directory}")
        yield


@contextmanager
def owned_variables(path: Path, option: str, variables: object) -> Iterator[None]:
    """Keep variables of functions in a JSON file while the block runs, and remove it then.

    A file that an earlier process left behind is written anew.

    Raises:
        ConfigurationError: there is another kind of file, or another process keeps it; names ``option``.
    """
    if path.exists() and not _is_of_functions(path):
        raise ConfigurationError(f"{option} {path}: there is a file that argo has not written; name another")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as kept:
        _lock(kept, f"{option} {path}")
        kept.truncate(0)
        kept.write(json.dumps(variables, indent=2) + "\n")
        kept.flush()
        try:
            yield
        finally:
            if _is_at(path, kept):
                path.unlink()


def _lock(kept: TextIOWrapper, named: str) -> None:
    try:
        fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigurationError(f"{named}: another argo is using it") from error


def _is_of_functions(path: Path) -> bool:
    """Recognise what `owned_variables` writes: variables by function, each with a table; or nothing yet."""
    try:
        found = json.loads(path.read_text(encoding="utf-8") or "{}")
        return all("ARGO_TABLE_NAME" in variables for variables in found.values())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def _is_at(path: Path, kept: TextIOWrapper) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(kept.fileno()))
    except FileNotFoundError:
        return False
