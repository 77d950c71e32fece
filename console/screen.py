"""What is printed: tables and lines, with every character that a terminal would obey shown instead."""

import sys
import unicodedata
from collections.abc import Iterator

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_WIDTH_OF_A_FILE = 144
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control and format characters, lone surrogates, separators of lines and paragraphs."""


def output(*, stderr: bool = False) -> Console:
    """Return the console that tables are printed on; wide enough for them where it is no terminal."""
    width = None if stderr or sys.stdout.isatty() else _WIDTH_OF_A_FILE
    # A reason may hold what Rich would take for its markup.
    return _Screen(stderr=stderr, width=width, markup=False, emoji=False)


class _Screen(Console):
    """Rich's own control codes are segments of their own; what a renderable has as text never is one."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else _shown(segment)


def _shown(segment: Segment) -> Segment:
    shown = "\n".join(map(visible, segment.text.split("\n")))
    return segment if shown == segment.text else Segment(shown, segment.style)


def say(text: str, style: str | None = None) -> None:
    """Print a text as it is, however long its lines are."""
    output().print(text, style=style, highlight=False, soft_wrap=True)


def line(text: str, *, err: bool = False) -> None:
    """Print one plain line, whatever stands in it."""
    typer.echo(visible(text), err=err)


def visible(text: str) -> str:
    """Show what a terminal would obey, a character for a character (FAILURES C84).

    A strategy's name, a reason, the broker's words come from elsewhere: they must not move the cursor, colour what
    follows, set the clipboard, or look like another line of ours.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _OBEYED:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"
