"""What a terminal would obey is shown."""

import io
import re

import pytest
from rich.live import Live
from rich.text import Text

from console.screen import line, output, visible
from console.tables import facts_grid, plain_table

CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
OBEYED = [
    "\x1b[2J\x1b[31mgreen",  # clear the screen, colour
    CLIPBOARD,
    "\x9b31m",  # one byte of C1 begins a sequence, too
    "first\rover",
    "a\b\b\bover",
    "bell\a",
    "\u202eorder\u202c",  # right to left
    "\u2066x\u2069",
    "zero\u200bwidth",
    "\u2028another line",
    "\x7f",
    "\ud800",
]


def obeyed(text):
    """Return what is left of a printed text that a terminal would obey; Rich's own colours end with an `m`."""
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [each for each in without_colours if visible(each) != each and each != "\n"]


def printed(*renderables):
    console = output()
    console.file = io.StringIO()
    for each in renderables:
        console.print(each)
    return console.file.getvalue()


@pytest.mark.parametrize("text", OBEYED)
def test_c84_control_characters_are_shown_and_never_sent(text, capsys):
    line(f"halted: {text}")
    shown = printed(
        text,
        Text(text),
        facts_grid({"reason": text}),
        plain_table(text, text, rows=[[text]]),
    )

    assert obeyed(shown) == []
    assert obeyed(capsys.readouterr().out) == []
    assert visible(text) != text


def test_c84_a_line_is_one_line(capsys):
    line("argo: ACTIVE (ok\nargo: HALTED)")

    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("text", OBEYED)
def test_c84_the_watched_screen_shows_them_too(text):
    console = output()
    console.file = io.StringIO()
    with Live(facts_grid({"reason": text}), console=console, auto_refresh=False):
        pass

    assert text not in console.file.getvalue()


def test_what_is_no_control_character_is_printed_as_it_is():
    text = "Größe ✓ 東京 [/bold] [red]no markup[/red] :smile:"

    assert visible(text) == text
    assert printed(text) == f"{text}\n"
