"""Help and usage errors are quick: what they do not use they do not import, and they look as Typer draws them."""

import inspect
import json
import re
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from console.main import COMMANDS, MODULES, app

OF_RICH = {"rich", "pygments", "markdown_it"}
HEAVY = OF_RICH | {"boto3", "botocore", "aiohttp", "alpaca", "argo", "numpy", "execution"}

LOOK = """
import json, sys
from console.main import app
try:
    app(sys.argv[1:])
except SystemExit as ended:
    print(json.dumps([ended.code, sorted(sys.modules)]))
"""


def imported_by(*arguments):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, modules


def heavy(modules):
    """Return what of modules costs a person time, with what they import in their turn."""
    lower = {module for module in modules if module.startswith(("simulation.", "worlds.", "pydantic.main"))}
    return lower - {"worlds.paths"} | HEAVY & {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("--help",), 0), (("-h",), 0), (("nonsense",), 2)], ids=str
)
def test_the_help_imports_nothing_heavy(arguments, code):
    ended, modules = imported_by(*arguments)

    assert (ended, heavy(modules)) == (code, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_usage_error_of_any_command_imports_nothing_heavy(name):
    ended, modules = imported_by(name, "--nonsense")

    assert (ended, heavy(modules)) == (2, set())


@pytest.mark.parametrize("names", ["dlq list", "dlq show", "dlq redrive", "credentials set"])
def test_a_usage_error_of_a_groups_command_imports_no_more_than_typer_for_a_group(names):
    ended, modules = imported_by(*names.split(), "--nonsense")

    assert ended == 2
    assert heavy(modules) <= {"pydantic.main"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_imports_nothing_of_the_pipeline(name):
    ended, modules = imported_by(name, "--help")

    assert ended == 0
    assert heavy(modules) <= OF_RICH


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_help_is_the_first_of_the_command(name):
    found = import_module(MODULES[name])

    said = found.app.info.help if hasattr(found, "app") else inspect.getdoc(getattr(found, name))

    assert said.partition("\n\n")[0].replace("\n", " ") == COMMANDS[name]


COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", ["70", "80", "120"])
def test_the_help_looks_as_typer_draws_it(width):
    group, environment = typer.main.get_command(app), {"COLUMNS": width}
    plain = typer.Typer(
        name="argo", help=app.info.help, no_args_is_help=True, context_settings=app.info.context_settings
    )
    for name, command in group.commands.items():
        plain.command(name, help=command.help, hidden=command.hidden)(lambda: None)

    ours = CliRunner().invoke(app, ["--help"], env=environment)
    typers = CliRunner().invoke(plain, ["--help"], env=environment)

    assert ours.stdout == typers.stdout


@pytest.mark.parametrize(
    "arguments", [["simmulate"], ["simulate", "--zzzz"], ["--nonsense"], ["simulate", "more"]]
)
@pytest.mark.parametrize("width", ["50", "80"])
def test_a_usage_error_looks_as_typer_draws_it(arguments, width):
    plain = typer.Typer(name="argo", context_settings=app.info.context_settings)
    plain.command("simulate")(lambda: None)
    plain.command("other")(lambda: None)

    ours = CliRunner().invoke(app, arguments, env={"COLUMNS": width})
    typers = CliRunner().invoke(plain, arguments, env={"COLUMNS": width})

    assert ours.stderr == typers.stderr
    assert (ours.exit_code, typers.exit_code) == (2, 2)


@pytest.mark.parametrize("arguments", [["--help"], ["simmulate"]])
def test_colours_change_no_letter(arguments):
    plain = CliRunner().invoke(app, arguments)
    coloured = CliRunner().invoke(app, arguments, env={"FORCE_COLOR": "1", "TERM": "xterm"}, color=True)

    assert coloured.output != plain.output
    assert COLOURS.sub("", coloured.output) == plain.output
