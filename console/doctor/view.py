"""What a person reads: a line a check with the cure below it, then how it stands."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from console.doctor.finding import Finding, Level
from console.tables import output

_COLOURS = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.BROKEN: "bold red",
    Level.NOT_LOOKED_AT: "dim",
}
_WIDEST = max(len(level) for level in Level)


def show(found: Sequence[Finding]) -> None:
    """Print what was found."""
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
