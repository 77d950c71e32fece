"""The command: what to write, where, and what stands in the way."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from argo import records
from argo.domain.tables import ConfigurationError
from argo.ports import Ledger
from console.deployment import open_deployment
from console.export.columns import SIGNAL_COLUMNS, TRADE_COLUMNS
from console.export.files import Format, column_file, parquet_library
from console.failing import fail, failing
from console.options import FromDayOption, StackOption, StateOption, ToDayOption
from console.trades import trades_of
from worlds.paths import LAST_RUN


class What(StrEnum):
    """What an export is of, a file each."""

    SIGNALS = "signals"
    TRADES = "trades"


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
    try:
        wanted = form or _by_suffix(output)
        targets = _targets(output, what, wanted)
        _refuse_existing(targets.values(), force=force)
        if begin and end and begin > end:
            raise ConfigurationError(f"--from {begin:%F} is after --to {end:%F}")
        if wanted is Format.PARQUET:
            parquet_library()
        with open_deployment(state, stack) as deployment:
            days = deployment.days_from(begin, end)
            rows = asyncio.run(write(deployment.ledger, deployment.executors, days, targets, wanted))
    except OSError as error:
        fail(f"--output {output}: {error.strerror or error}: {error.filename or output}", soft_wrap=True)
    for each, path in targets.items():
        typer.echo(f"{path}: {rows[each]} {each}")


async def write(
    ledger: Ledger, executors: Sequence[str], days: Iterable[str], targets: Mapping[What, Path], form: Format
) -> dict[What, int]:
    """Write the records of UTC days into files, and return the rows of each.

    Raises:
        OSError: a file cannot be written; none is left half.
    """
    for path in targets.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys(targets, 0)
    with ExitStack() as files:
        of_signals = of_trades = None
        if What.SIGNALS in targets:
            of_signals = files.enter_context(column_file(targets[What.SIGNALS], form, SIGNAL_COLUMNS))
        if What.TRADES in targets:
            of_trades = files.enter_context(column_file(targets[What.TRADES], form, TRADE_COLUMNS))
        async for part in records.parts(ledger, executors, days):
            if of_signals is not None:
                signals = [each.stored for each in part if each.stored is not None]
                of_signals.write(signals)
                rows[What.SIGNALS] += len(signals)
            if of_trades is not None:
                trades = [trade for each in part for trade in trades_of(each)]
                of_trades.write(trades)
                rows[What.TRADES] += len(trades)
    return rows


def _by_suffix(output: Path) -> Format:
    return Format.PARQUET if output.suffix == f".{Format.PARQUET}" else Format.CSV


def _targets(output: Path, what: What | None, form: Format) -> dict[What, Path]:
    """Return the file of each thing to write.

    Raises:
        ConfigurationError: the output cannot be what was asked for.
    """
    is_file = output.suffix in {f".{each}" for each in Format} and not output.is_dir()
    if not is_file:
        if output.exists() and not output.is_dir():
            raise ConfigurationError(
                f"--output {output}: a file of another kind; give a directory, or FILE.{form}"
            )
        return {each: output / f"{each}.{form}" for each in What if what in {None, each}}
    if what is None:
        raise ConfigurationError(
            f"--output {output}: one file holds one of them: add --what trades or --what signals"
        )
    if output.suffix != f".{form}":
        raise ConfigurationError(f"--format {form}: the file's suffix says otherwise: {output}")
    return {what: output}


def _refuse_existing(paths: Iterable[Path], *, force: bool) -> None:
    existing = [str(path) for path in paths if path.exists()]
    if existing and not force:
        raise ConfigurationError(f"{', '.join(existing)}: exists; --force replaces it")
