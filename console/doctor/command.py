"""`argo doctor`: what Argo needs, looked at."""

import json
from collections import Counter
from dataclasses import asdict

import typer

from console.failing import failing
from console.options import ConfigOption, JsonOption, StackOption, StateOption
from worlds.paths import CONFIGURATION, LAST_RUN

_COLOURS = {"ok": "green", "warning": "yellow", "broken": "bold red", "not looked at": "dim"}
_WIDEST = max(len(level) for level in _COLOURS)


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
    from rich.text import Text

    from console.doctor.checks import examine_run, examine_stack
    from console.doctor.finding import Level
    from console.tables import output

    found = examine_run(state, config) if stack is None else examine_stack(stack, config)
    counts = Counter(finding.level for finding in found)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        screen = output()
        for finding in found:
            line = Text(f"{finding.level:<{_WIDEST}}  ", _COLOURS[finding.level])
            line.append(" ".join(part for part in (finding.check, finding.subject) if part), "bold")
            line.append(f": {finding.seen}", "default")
            screen.print(line, soft_wrap=True, highlight=False)
            if finding.cure:
                screen.print(Text(f"{'':<{_WIDEST}}    -> {finding.cure}"), soft_wrap=True, highlight=False)
        screen.print(", ".join(f"{counts[level]} {level}" for level in Level if counts[level]), highlight=False)
    if counts[Level.BROKEN]:
        raise typer.Exit(1)
