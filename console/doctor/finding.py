"""What a check says."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial


class Level(StrEnum):
    """How bad a finding is; only what is broken makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    """A person should know of it; Argo trades."""

    BROKEN = "broken"
    """It keeps Argo from trading, or from keeping its promises."""

    NOT_LOOKED_AT = "not looked at"
    """What it needs is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it; the check's name and what it looked at are put in by its list."""

    check: str = field(default="", kw_only=True)
    subject: str = field(default="", kw_only=True)
    level: Level
    seen: str
    cure: str = ""


ok = partial(Finding, Level.OK)
warning = partial(Finding, Level.WARNING)
broken = partial(Finding, Level.BROKEN)
not_looked_at = partial(Finding, Level.NOT_LOOKED_AT)
