"""The command: every check's line, then how it stands."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from argo.domain.tables import ConfigurationError
from console.deployment import StackOption, StateOption
from console.doctor.checks import CHECKS, examine
from console.doctor.finding import Finding, Level
from console.doctor.gathering import of_run, of_stack
from console.tables import output
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import CONFIGURATION, LAST_RUN

_COLOURS = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.BROKEN: "bold red",
    Level.NOT_LOOKED_AT: "dim",
}
_WIDEST = max(len(level) for level in Level)


def doctor(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = CONFIGURATION,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at everything that Argo needs, and say what is broken and what to do about it.

    Reads only. Exit code 1 when something is broken, 0 otherwise.
    """
    try:
        if stack is None:
            found = examine(of_run(state, config), [check for check in CHECKS if check.everywhere])
        else:
            found = examine(of_stack(stack, config))
    except (ConfigurationError, EmbeddedAwsError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in found], indent=2))
    else:
        _show(found)
    if any(finding.level is Level.BROKEN for finding in found):
        raise typer.Exit(1)


def _show(found: Sequence[Finding]) -> None:
    screen = output()
    for finding in found:
        line = Text(f"{finding.level:<{_WIDEST}}  ", _COLOURS[finding.level])
        line.append(" ".join(part for part in (finding.check, finding.subject) if part), "bold")
        line.append(f": {finding.seen}", "default")
        screen.print(line, soft_wrap=True, highlight=False)
        if finding.cure:
            screen.print(Text(f"{'':<{_WIDEST}}    -> {finding.cure}"), soft_wrap=True, highlight=False)
    counts = Counter(finding.level for finding in found)
    screen.print(", ".join(f"{counts[level]} {level}" for level in Level if counts[level]), highlight=False)
