"""Sections of the generated pages."""

from collections.abc import Iterable, Sequence


def section(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a heading with a table below it."""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return f"## {title}\n\n" + "\n".join(lines)
