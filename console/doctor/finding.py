"""What a check says, and how a person reads it: a line with the cure below it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from rich.text import Text

from console.screen import output


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

_COLOURS = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.BROKEN: "bold red",
    Level.NOT_LOOKED_AT: "dim",
}
_WIDEST = max(len(level) for level in Level)


def show(found: Sequence[Finding]) -> None:
    """Print what was found, and how often."""
    screen = output()
    for finding in found:
        line = Text(f"{finding.level:<{_WIDEST}}  ", _COLOURS[finding.level])
        line.append(" ".join(part for part in (finding.check, finding.subject) if part), "bold")
        line.append(f": {finding.seen}", "default")
        screen.print(line, soft_wrap=True, highlight=False)
        if finding.cure:
            screen.print(Text(f"{'':<{_WIDEST}}    -> {finding.cure}"), soft_wrap=True, highlight=False)
    counts = Counter(finding.level for finding in found)
    screen.print(", ".join(f"{counts[level]} {level}" for level in Level if counts[level]), highlight=False)
