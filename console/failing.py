"""How a command ends: by Ctrl-C, or with the reason and an exit code where it cannot do what it was asked."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import NoReturn

import typer

REFUSED = 1
WRONG_INPUT = 2


def fail(message: object, code: int = WRONG_INPUT, *, soft_wrap: bool = False, style: str = "red") -> NoReturn:
    """Print why, and end the command."""
    from console.screen import output

    output(stderr=True).print(str(message), style=style, highlight=False, soft_wrap=soft_wrap)
    raise typer.Exit(code)


def failing[**P](
    *others: type[Exception], emulator: int = WRONG_INPUT, soft_wrap: bool = False
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a command say what is wrong with its configuration, its bars or what it works on, and end.

    ``others`` are wrong input too; ``emulator`` is the exit code where AWS on this machine does not start.
    ``soft_wrap`` leaves long lines, which may be paths, whole.
    """

    def decorated(command: Callable[P, None]) -> Callable[P, None]:
        @wraps(command)
        def run(*arguments: P.args, **options: P.kwargs) -> None:
            from argo.domain.lists import UnreadableRecord
            from argo.domain.tables import ConfigurationError
            from argo.ports import Unavailable
            from simulation.market.bars import BarsFileError
            from worlds.embedded_aws import EmbeddedAwsError

            wrong: tuple[type[Exception], ...] = (ConfigurationError, BarsFileError, UnreadableRecord, *others)
            try:
                command(*arguments, **options)
            except EmbeddedAwsError as error:
                fail(error, emulator, soft_wrap=soft_wrap)
            except Unavailable as error:
                fail(f"AWS is in the way, ask again: {error}", REFUSED, soft_wrap=soft_wrap)
            except wrong as error:
                fail(error, soft_wrap=soft_wrap)

        return run

    return decorated


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Let Ctrl-C, or a request to terminate, end the block and nothing else.

    A shell's background job ignores the first unless told.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        yield
