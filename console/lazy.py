"""Commands that are imported when they are called, under help and errors that cost little."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from console.help import draw_abort, draw_error, draw_help


def imported(name: str, module: str) -> Callable[[], Any]:
    """Return what imports a command: the module's function of that name, or its ``app`` of several commands."""

    def load() -> Any:  # noqa: ANN401 - click's command, of which Typer has a copy without a public name
        found = import_module(module)
        if hasattr(found, "app"):
            return get_command(found.app)
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(found, name))
        return get_command(alone)

    return load


class CommandByName(TyperCommand):
    """A command of which the name and the first line are known."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as click's
        """Let the command itself parse what is for it, and run."""
        assert self.callback is not None  # noqa: S101 - `imported`
        return self.callback().make_context(*arguments, **options)


class Commands(TyperGroup):
    """All commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as click's
        """Leave all to the command where no option comes before it: for those Typer imports much of pydantic."""
        if not args or args[0].startswith("-"):
            return super().parse_args(ctx, args)
        ctx.args = ctx.obj = args
        return args

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as click's
        """Run the command."""
        if ctx.obj is None:
            return super().invoke(ctx)
        with ctx:
            name, command, rest = self.resolve_command(ctx, ctx.obj)
            assert command is not None  # noqa: S101 - or it is a usage error
            with command.make_context(name, rest, parent=ctx) as context:
                return context.command.invoke(context)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as click's
        """Draw the help."""
        draw_help(self, ctx)

    def main(self, *arguments: Any, **options: Any) -> NoReturn:  # noqa: ANN401 - as click's
        """Run a command, and exit with its code."""
        try:
            sys.exit(super().main(*arguments, **(options | {"standalone_mode": False})))
        except typer.TyperException as error:
            draw_error(error)
            sys.exit(error.exit_code)
        except typer.Abort:
            draw_abort()
            sys.exit(1)
