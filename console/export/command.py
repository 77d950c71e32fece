"""The command: what to write, where, and what stands in the way."""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from console.export import Format, What
from console.failing import fail, failing
from console.options import FromDayOption, StackOption, StateOption, ToDayOption
from worlds.paths import LAST_RUN


@failing(soft_wrap=True)
def export(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A directory for both files, or one file with --what.")
    ],
    what: Annotated[
        What | None, typer.Option("--what", help="Only signals, or only trades; default: both.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: by the file's suffix, else CSV.")
    ] = None,
    begin: FromDayOption = None,
    end: ToDayOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Write signals, and trades (a signal at an account), as CSV or Parquet, newest first.

    docs/reference.md has the columns. Without days: of a local run everything, of a deployed ledger the last week.
    """
    from argo.domain.lists import Unreadable
    from console.deployment import open_deployment
    from console.export.writing import parquet_library, write
    from console.tables import unread

    try:
        wanted = form or (Format.PARQUET if output.suffix == f".{Format.PARQUET}" else Format.CSV)
        targets = _targets(output, what, wanted)
        existing = [str(path) for path in targets.values() if path.exists()]
        if existing and not force:
            _refuse(f"{', '.join(existing)}: exists; --force replaces it")
        if begin and end and begin > end:
            _refuse(f"--from {begin:%F} is after --to {end:%F}")
        if wanted is Format.PARQUET:
            parquet_library()
        with open_deployment(state, stack) as deployment:
            days = deployment.days_from(begin, end)
            unreadable: list[Unreadable] = []
            rows = asyncio.run(
                write(deployment.ledger, deployment.executors, days, targets, wanted, unreadable=unreadable)
            )
    except OSError as error:
        _refuse(f"--output {output}: {error.strerror or error}: {error.filename or output}")
    for each, path in targets.items():
        typer.echo(f"{path}: {rows[each]} {each}")
    if unreadable:
        typer.echo(unread(unreadable).plain, err=True)


def _targets(output: Path, what: What | None, form: Format) -> dict[What, Path]:
    """Return the file of each thing to write; end the command where the output cannot be what was asked for."""
    is_file = output.suffix in {f".{each}" for each in Format} and not output.is_dir()
    if not is_file:
        if output.exists() and not output.is_dir():
            _refuse(f"--output {output}: a file of another kind; give a directory, or FILE.{form}")
        return {each: output / f"{each}.{form}" for each in What if what in {None, each}}
    if what is None:
        _refuse(f"--output {output}: one file holds one of them: add --what trades or --what signals")
    if output.suffix != f".{form}":
        _refuse(f"--format {form}: the file's suffix says otherwise: {output}")
    return {what: output}


def _refuse(message: str) -> NoReturn:
    fail(message, soft_wrap=True)
