"""How tables look."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from argo.domain.lists import Unreadable

_RIGHT = ">"
_NAMED = 5
"""Records that a line names; their number is of all."""


def plain_table(title: str | None, *headings: str, rows: Iterable[Sequence[RenderableType]] = ()) -> Table:
    """Return a table in the command's style; `with_columns` says how headings are read."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
    with_columns(table, headings)
    for row in rows:
        table.add_row(*row)
    return table


def with_columns(table: Table, headings: Iterable[str], *, whole_numbers: bool = False) -> Table:
    """Add columns to a table; one whose heading begins with ``>`` stands to the right.

    ``whole_numbers`` never breaks what stands to the right.
    """
    for heading in headings:
        name, is_right = heading.removeprefix(_RIGHT), heading.startswith(_RIGHT)
        table.add_column(name, justify="right" if is_right else "left", no_wrap=is_right and whole_numbers)
    return table


def facts_grid(facts: Mapping[str, object]) -> Table:
    """Return names with what is known of them, one line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        grid.add_row(name, value if isinstance(value, Text) else str(value))
    return grid


def money(amount: Decimal | None, *, signed: bool = False) -> str:
    """Write USD to the cent."""
    if amount is None:
        return "not known"
    return f"{amount:+,.2f}" if signed else f"{amount:,.2f}"


def percent(share: float | None) -> str:
    """Write a fraction in percent to one place."""
    return "-" if share is None else f"{share:.1%}"


def unread(unreadable: Sequence[Unreadable]) -> Text:
    """Return a line that says of a list what is not in it, because this version cannot read it."""
    named = ", ".join(each.name for each in unreadable[:_NAMED])
    more = f" and {len(unreadable) - _NAMED} more" if len(unreadable) > _NAMED else ""
    return Text(f"not read, as another version wrote them: {len(unreadable)} records: {named}{more}", "red")
