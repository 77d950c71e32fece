"""What is deployed against what this checkout has: the template's resources and the source files."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import requests

from worlds.paths import CONFIGURATION, PROJECT, TEMPLATE
from worlds.template import parse_template, read_template

_END = 1_000_000
"""Bytes from a zip's end: its directory has a checksum per file, so the files themselves stay where they are."""

type Source = tuple[str, Path]
"""A package's name in the archive, and its directory here."""

_TIMEOUT = (3.05, 30)
_LAYER = {"python/argo": PROJECT / "layers" / "common" / "argo"}
_BUILT = frozenset({"CodeUri", "ContentUri"})


class CodeUnreadable(Exception):
    """The deployed archive could not be read."""


def layer_files(url: str) -> set[str]:
    """Return the files of the deployed layer that are not this checkout's: Argo's own, and argo.toml.

    Raises:
        CodeUnreadable: the archive does not come, or is none.
    """
    mine = _checksums(_LAYER) | {"argo.toml": zlib.crc32(CONFIGURATION.read_bytes())}
    return _differing(mine, _listed(url), [*_LAYER, "argo.toml"])


def function_files(url: str, handler_package: str, source: Path, *, end: int = _END) -> set[str]:
    """Return the files of a deployed function that are not this checkout's; ``end`` is what is fetched at first.

    Raises:
        CodeUnreadable: as `layer_files`.
    """
    return _differing(_checksums({handler_package: source}), _listed(url, end), [handler_package])


def sources() -> dict[str, Source]:
    """Return where every function's source lies: its package's name and directory, by logical id."""
    found = {}
    for logical_id, resource in read_template(TEMPLATE)["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            package = resource["Properties"]["Handler"].partition(".")[0]
            found[logical_id] = package, PROJECT / resource["Properties"]["CodeUri"] / package
    return found


def differing_resources(deployed: str | Mapping[str, Any]) -> list[str]:
    """Return the parameters, resources and outputs of which a deployed template says something else.

    Where the code lies is left out, and so is what SAM notes for itself.
    """
    theirs = parse_template(deployed) if isinstance(deployed, str) else deployed
    mine = read_template(TEMPLATE)
    found = []
    for section in ("Globals", "Parameters", "Conditions", "Resources", "Outputs"):
        ours, others = mine.get(section, {}), theirs.get(section, {})
        names = sorted(ours.keys() | others.keys())
        differing = [name for name in names if _comparable(ours.get(name)) != _comparable(others.get(name))]
        found += [name if section == "Resources" else f"{section}.{name}" for name in differing]
    return found


def _comparable(part: Any) -> Any:  # noqa: ANN401 - a template is any JSON
    """Return a part of a template with its numbers as text, which CloudFormation takes for the same."""
    match part:
        case Mapping():
            return {
                str(key): _comparable(value)
                for key, value in part.items()
                if key not in _BUILT and key != "Metadata" and value is not None
            }
        case list() | tuple():
            return [_comparable(each) for each in part]
        case bool() | None:
            return part
        case _:
            return str(part)


def _checksums(directories: Mapping[str, Path]) -> dict[str, int]:
    return {
        f"{name}/{file.relative_to(directory).as_posix()}": zlib.crc32(file.read_bytes())
        for name, directory in directories.items()
        for file in directory.rglob("*.py")
    }


def _differing(mine: Mapping[str, int], deployed: Mapping[str, int], below: Iterable[str]) -> set[str]:
    theirs = {
        name: checksum
        for name, checksum in deployed.items()
        if not name.endswith(".pyc") and any(name == each or name.startswith(f"{each}/") for each in below)
    }
    return {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}


def _listed(url: str, end: int = _END) -> dict[str, int]:
    try:
        listed = _directory(_fetch(url, f"bytes=-{end}")) or _directory(_fetch(url))
    except requests.RequestException as error:
        # The address is signed: it must not be told.
        raise CodeUnreadable(type(error).__name__) from None
    if listed is None:
        raise CodeUnreadable("not a zip")
    return listed


def _directory(archive: bytes) -> dict[str, int] | None:
    """Read a zip's directory; None where it begins before what was fetched."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return {each.filename: each.CRC for each in opened.infolist() if not each.is_dir()}
    except zipfile.BadZipFile:
        return None


def _fetch(url: str, span: str | None = None) -> bytes:
    """Fetch an archive, or its end: what is missing before the end is filled with zeros, which nobody reads."""
    answer = requests.get(url, headers={"Range": span} if span else {}, timeout=_TIMEOUT)
    answer.raise_for_status()
    size = int(answer.headers.get("Content-Range", "/0").rpartition("/")[2])
    return answer.content.rjust(size, b"\0")
