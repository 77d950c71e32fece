"""The command's help and its usage errors, drawn as Typer draws them.

`typer.rich_utils` imports Pygments and a Markdown parser, which together take longer than all that a person who
asks for `argo --help` waits for; neither has a part in what is drawn here.
"""

import os
from collections.abc import Sequence
from inspect import cleandoc

import typer
from rich.console import Console, Group, RenderableType
from rich.highlighter import RegexHighlighter
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.theme import Theme
from typer.core import TyperGroup, TyperOption

_STYLES = Theme({"option": "bold cyan", "switch": "bold green", "types_sep": "dim", "usage": "yellow"})
_ALWAYS_COLOURED = ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS")
"""Variables that Typer takes for a terminal."""


class _Options(RegexHighlighter):
    highlights = (
        r"(^|\W)(?P<switch>\-\w+)(?![a-zA-Z0-9])",
        r"(^|\W)(?P<option>\-\-[\w\-]+)(?![a-zA-Z0-9])",
        r"(?P<types>\<[^\>]+\>)",
        r"(?P<usage>Usage: )",
    )


class _Types(RegexHighlighter):
    highlights = (r"^(?P<types_sep>(\[|<))", r"(?P<types_sep>(\]|>))(\.\.\.)?$")


_marked = _Options()


def draw_help(group: TyperGroup, context: typer.Context) -> None:
    """Print the help of a group whose commands have their first line alone."""
    screen = _console()
    screen.print(Padding(_marked(group.get_usage(context)), 1), style="bold")
    first, *others = cleandoc(group.help or "").split("\n\n")
    paragraphs = [_marked(Text(first.replace("\n", " ")))]
    if others:
        paragraphs += [Text(""), _marked(Text("\n\n".join(others), style="dim"))]
    screen.print(Padding(Group(*paragraphs), (0, 1, 1, 1)))
    options = _table()
    for option in group.get_params(context):
        if isinstance(option, TyperOption):
            options.add_row(*_described(option, context))
    screen.print(_panel("Options", options))
    commands = [each for each in group.commands.values() if not each.hidden]
    table = _table()
    table.add_column(style="bold cyan", no_wrap=True, width=max(len(each.name or "") for each in commands))
    table.add_column(ratio=10)
    for each in commands:
        table.add_row(each.name, _marked(Text(each.help or "")))
    screen.print(_panel("Commands", table))


def draw_error(error: typer.TyperException) -> None:
    """Print a usage error, with the usage of the command that it was made with."""
    if type(error).__name__ == "NoArgsIsHelpError":  # The help has been printed.
        return
    screen, context = _console(stderr=True), getattr(error, "ctx", None)
    if context is not None:
        screen.print(_marked(context.get_usage()), style="bold")
        called = f"'{context.command_path} {context.help_option_names[0]}'"
        hint = _marked(Text(f"Try {called} for help."))
        hint.highlight_words([called], "blue")
        screen.print(hint, style="dim")
    screen.print(_panel("Error", _marked(error.format_message()), border="red"))


def draw_abort() -> None:
    """Print that a person has broken off."""
    _console(stderr=True).print("Aborted.", style="red")


def _described(option: TyperOption, context: typer.Context) -> Sequence[RenderableType]:
    long = ",".join(each for each in option.opts if each.startswith("--"))
    short = ",".join(each for each in option.opts if not each.startswith("--"))
    types = Text(option.display_type_rich(context) or "", style="bold yellow", overflow="fold")
    return _marked(long), _marked(short), "", "", _Types()(types), _marked(Text(option.help or ""))


def _table() -> Table:
    return Table(highlight=True, show_header=False, expand=True, box=None, pad_edge=False, padding=(0, 1))


def _panel(title: str, content: RenderableType, border: str = "dim") -> Panel:
    return Panel(content, border_style=border, title=title, title_align="left")


def _console(*, stderr: bool = False) -> Console:
    coloured = any(os.getenv(name) for name in _ALWAYS_COLOURED)
    width = os.getenv("TERMINAL_WIDTH")
    return Console(
        theme=_STYLES,
        highlighter=_marked,
        force_terminal=coloured or None,
        width=int(width) if width else None,
        stderr=stderr,
    )
