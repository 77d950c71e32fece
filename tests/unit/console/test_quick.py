"""Help and usage errors are quick: what they do not use they do not import."""

import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from console.main import COMMANDS, MODULES, app

HEAVY = {"rich", "pygments", "markdown_it", "boto3", "botocore", "aiohttp", "alpaca", "argo", "numpy", "execution"}

LOOK = """
import json, os, sys
from console.main import app
for arguments in sys.stdin:
    if os.fork() == 0:
        answer, hidden = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(hidden, 1)
        os.dup2(hidden, 2)
        try:
            app(json.loads(arguments))
        except BaseException as ended:
            said = [getattr(ended, "code", repr(ended)), sorted(sys.modules)]
            os.write(answer, json.dumps(said).encode() + b"\\n")
        finally:
            os._exit(0)
    os.wait()
"""
"""Has what every command imports, and runs each in a child of its own: a start costs more than all the rest."""


@pytest.fixture(scope="module")
def imported_by():
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", LOOK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:

        def ask(*arguments):
            print(json.dumps(arguments), file=started.stdin, flush=True)
            code, modules = json.loads(started.stdout.readline())
            return code, modules

        yield ask


def heavy(modules):
    """Return what of modules costs a person time, with what they import in their turn."""
    lower = {module for module in modules if module.startswith(("simulation.", "worlds.", "pydantic.main"))}
    return lower - {"worlds.paths"} | HEAVY & {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("--help",), 0), (("-h",), 0), (("nonsense",), 2)], ids=str
)
def test_the_help_imports_nothing_heavy(imported_by, arguments, code):
    ended, modules = imported_by(*arguments)

    assert (ended, heavy(modules)) == (code, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_usage_error_of_any_command_imports_nothing_heavy(imported_by, name):
    ended, modules = imported_by(name, "--nonsense")

    assert (ended, heavy(modules)) == (2, set())


@pytest.mark.parametrize("names", ["dlq list", "dlq show", "dlq redrive", "credentials set"])
def test_a_usage_error_of_a_groups_command_imports_no_more_than_typer_for_a_group(imported_by, names):
    ended, modules = imported_by(*names.split(), "--nonsense")

    assert ended == 2
    assert heavy(modules) <= {"pydantic.main"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_imports_nothing_heavy(imported_by, name):
    ended, modules = imported_by(name, "--help")

    assert ended == 0
    assert heavy(modules) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name):
    found = import_module(MODULES[name])

    said = found.app.info.help if hasattr(found, "app") else inspect.getdoc(getattr(found, name))

    assert said.partition(". ")[0].endswith(".") or said.partition("\n\n")[0].endswith(".")


def test_the_help_names_every_command_that_is_not_for_contributors_on_a_line_of_its_own():
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout

    listed = dict(line.split(maxsplit=1) for line in told.partition("Commands:\n")[2].splitlines() if line)
    assert listed == {name: line for name, line in COMMANDS.items() if name not in {"docs", "template"}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simmulate"], "No such command 'simmulate'"),
        (["simulate", "--zzzz"], "No such option: --zzzz"),
        (["simulate", "--seeds", "x"], "Invalid value for '--seeds'"),
        (["halt"], "Missing argument"),
    ],
)
def test_a_usage_error_says_what_is_wrong_and_where_help_is(arguments, said):
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert " -h' for help." in result.stderr
