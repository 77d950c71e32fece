"""What is deployed against what this checkout has: the template's resources and the source files."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import requests

from argo.domain.tables import ConfigurationError
from worlds.paths import CONFIGURATION, PROJECT, TEMPLATE
from worlds.template import parse_template, read_template

type Source = Mapping[str, Path]
"""Directories and files of this checkout, by their names in an archive."""

LAYER: Source = {"python/argo": PROJECT / "layers" / "common" / "argo", "argo.toml": CONFIGURATION}
"""What is Argo's own in the layer."""

_END = 1_000_000
"""Bytes from a zip's end: its directory has a checksum per file, so the files themselves stay where they are."""

_TIMEOUT = (3.05, 30)
_BUILT = frozenset({"CodeUri", "ContentUri", "Metadata"})


def sources() -> dict[str, Source]:
    """Return every function's package, by logical id."""
    found: dict[str, Source] = {}
    for logical_id, resource in read_template(TEMPLATE)["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            package = resource["Properties"]["Handler"].partition(".")[0]
            found[logical_id] = {package: PROJECT / resource["Properties"]["CodeUri"] / package}
    return found


def differing_files(url: str, source: Source, *, end: int = _END) -> set[str]:
    """Return the files of a deployed archive that are not this checkout's; ``end`` is what is fetched at first.

    Raises:
        ConfigurationError: the archive does not come, or is none.
    """
    mine = {
        (Path(name) / file.relative_to(place)).as_posix(): zlib.crc32(file.read_bytes())
        for name, place in source.items()
        for file in ([place] if place.is_file() else place.rglob("*.py"))
    }
    below = tuple(f"{name}/" for name in source)
    theirs = {
        name: checksum
        for name, checksum in _checksums(url, end).items()
        if not name.endswith(".pyc") and (name in source or name.startswith(below))
    }
    return {name for name, _ in mine.items() ^ theirs.items()}


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


def _comparable(part: object) -> object:
    """Return a part of a template with its numbers as text, which CloudFormation takes for the same."""

    def without_built(each: dict[str, object]) -> dict[str, object]:
        return {key: value for key, value in each.items() if key not in _BUILT and value is not None}

    text = json.dumps(part, default=str)
    compared: object = json.loads(text, parse_int=str, parse_float=str, object_hook=without_built)
    return compared


def _checksums(url: str, end: int) -> dict[str, int]:
    """Read the directory of an archive from its end, or of the whole where it begins before that."""
    for headers in ({"Range": f"bytes=-{end}"}, {}):
        try:
            answer = requests.get(url, headers=headers, timeout=_TIMEOUT)
            answer.raise_for_status()
        except requests.RequestException as error:
            # The address is signed: it must not be told.
            raise ConfigurationError(f"the deployed archives can't be read: {type(error).__name__}") from None
        size = int(answer.headers.get("Content-Range", "/0").rpartition("/")[2])
        # What lies before the end is zeros, which nobody reads.
        archive = BytesIO(answer.content.rjust(size, b"\0"))
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(archive) as opened:
            return {each.filename: each.CRC for each in opened.infolist() if not each.is_dir()}
    raise ConfigurationError("the deployed archives can't be read: not a zip")
