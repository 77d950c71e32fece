"""The command's help and its usage errors, drawn as Typer draws them.

Typer imports Rich for that, with Pygments and a Markdown parser: more than all else that a person who asks for
`argo --help` waits for. `typer.echo` leaves the colours out where there is no terminal.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from textwrap import wrap

import typer
from typer.core import TyperGroup, TyperOption

_MARKS = re.compile(r"((?<![\w-])-\w+\b|--[\w-]+|Usage: )")
_LOOKS: Mapping[str, Mapping[str, object]] = {"--": {"fg": "cyan", "bold": True}, "Us": {"fg": "yellow"}}
_SWITCH: Mapping[str, object] = {"fg": "green", "bold": True}
_BETWEEN = "  "
_DEFAULT_WIDTH = 80


def draw_help(group: TyperGroup, context: typer.Context) -> None:
    """Print the help of a group whose commands have their first line alone."""
    width = _width()
    first, *others = cleandoc(group.help or "").split("\n\n")
    told = ["", group.get_usage(context), "", *wrap(first.replace("\n", " "), width - 2)]
    for paragraph in others:
        told += ["", *(line for row in paragraph.splitlines() for line in wrap(row, width - 2))]
    for line in (*told, ""):
        _print(" " + _marked(line, bold=line.startswith("Usage")) + " " * (width - len(line) - 1))
    options = [
        (
            ",".join(name for name in each.opts if name.startswith("--")),
            ",".join(name for name in each.opts if not name.startswith("--")),
            *("", ""),  # Typer's columns of options that turn another off.
            each.display_type_rich(context) or "",
            each.help or "",
        )
        for each in group.get_params(context)
        if isinstance(each, TyperOption)
    ]
    _print_panel("Options", _rows(options, width - 4), width)
    commands = [(each.name or "", each.help or "") for each in group.commands.values() if not each.hidden]
    _print_panel("Commands", _rows(commands, width - 4, fg="cyan", bold=True), width)


def draw_error(error: typer.TyperException) -> None:
    """Print a usage error, with the usage of the command that it was made with."""
    if type(error).__name__ == "NoArgsIsHelpError":  # The help has been printed.
        return
    width, context = _width(), getattr(error, "ctx", None)
    if context is not None:
        _print(_marked(context.get_usage(), bold=True), err=True)
        called = typer.style(f"'{context.command_path} {context.help_option_names[0]}'", fg="blue", dim=True)
        _print(f"{typer.style('Try ', dim=True)}{called}{typer.style(' for help.', dim=True)}", err=True)
    said = _rows([(row,) for row in error.format_message().splitlines()], width - 4)
    _print_panel("Error", said, width, err=True, fg="red")


def draw_abort() -> None:
    _print(typer.style("Aborted.", fg="red"), err=True)


def _rows(rows: Sequence[tuple[str, ...]], width: int, **first: object) -> Iterator[tuple[str, int]]:
    """Yield a table's lines with their lengths; the last column is wrapped, the first one looks like ``first``."""
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for *names, told in rows:
        head = "".join(name.ljust(size) + _BETWEEN for name, size in zip(names, widths, strict=True))
        for line in wrap(told, width - len(head), break_on_hyphens=False) or [""]:
            yield _marked(head, **first) + _marked(line), len(head) + len(line)
            head = " " * len(head)


def _print_panel(
    title: str, lines: Iterable[tuple[str, int]], width: int, *, err: bool = False, **border: object
) -> None:
    look = border or {"dim": True}
    side = _styled("│", look)
    _print(_styled(f"╭─ {title} {'─' * (width - len(title) - 5)}╮", look), err=err)
    for line, length in lines:
        _print(f"{side} {line}{' ' * (width - length - 4)} {side}", err=err)
    _print(_styled(f"╰{'─' * (width - 2)}╯", look), err=err)


def _marked(text: str, **look: object) -> str:
    """Return a text with its options in their colours, and the rest as given."""
    parts = _MARKS.split(text)  # Every second one is a mark.
    parts[::2] = [_styled(part, look) for part in parts[::2]]
    parts[1::2] = [_styled(mark, {**look, **_LOOKS.get(mark[:2], _SWITCH)}) for mark in parts[1::2]]
    return "".join(parts)


def _styled(text: str, look: Mapping[str, object]) -> str:
    return typer.style(text, **look) if text.strip() and any(look.values()) else text  # type: ignore[arg-type]


def _print(line: str, *, err: bool = False) -> None:
    coloured = any(os.getenv(name) for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS")) or None
    plain = os.getenv("NO_COLOR") or os.getenv("TERM") in {"dumb", "unknown"}
    typer.echo(line, err=err, color=False if plain else coloured)


def _width() -> int:
    """Return the terminal's width, of whichever stream is one."""
    for name in ("TERMINAL_WIDTH", "COLUMNS"):
        if os.getenv(name, "").isdigit():
            return int(os.environ[name])
    for descriptor in range(3):
        try:
            return os.get_terminal_size(descriptor).columns
        except OSError:
            continue
    return _DEFAULT_WIDTH
