"""`argo doctor`: what Argo needs, looked at."""

import json

import typer

from console.failing import failing
from console.options import ConfigOption, JsonOption, StackOption, StateOption
from worlds.paths import CONFIGURATION, LAST_RUN


@failing()
def doctor(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    config: ConfigOption = CONFIGURATION,
    as_json: JsonOption = False,
) -> None:
    """Look at everything that Argo needs, and say what is broken and what to do about it.

    Reads only. Exit code 1 when something is broken, 0 otherwise.
    """
    from console.doctor.checks import examine_run, examine_stack
    from console.doctor.finding import Level
    from console.doctor.view import show

    found = examine_run(state, config) if stack is None else examine_stack(stack, config)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in found], indent=2))
    else:
        show(found)
    if any(finding.level is Level.BROKEN for finding in found):
        raise typer.Exit(1)
