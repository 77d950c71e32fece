"""Only what Argo made is removed, and one process at a time makes it."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from argo.domain.tables import ConfigurationError
from console.main import app
from console.ownership import owned_directory, owned_variables
from console.runs import RunRecord

VARIABLES = {"ApiFunction": {"ARGO_TABLE_NAME": "table"}}


def files_of(directory):
    return {str(each.relative_to(directory)): each.read_bytes() for each in directory.rglob("*") if each.is_file()}


@pytest.mark.parametrize("command", [["serve", "--env-vars", "env.json"], ["run"]], ids=["serve", "run"])
@pytest.mark.parametrize("name", ["aws/my-notes.txt", "log.jsonl", "report.html", "thesis.txt"])
def test_c82_a_directory_that_argo_did_not_make_stays_as_it_is(tmp_path, monkeypatch, command, name):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "mine" / name
    kept.parent.mkdir(parents=True)
    kept.write_text("years of work", encoding="utf-8")

    result = CliRunner().invoke(app, [*command, "--state", "mine"])

    assert result.exit_code == 2
    assert "--state mine: not empty, and not made by argo" in " ".join(result.stderr.split())
    assert files_of(tmp_path) == {f"mine/{name}": b"years of work"}


@pytest.mark.parametrize("text", ["", "{}", '{"f": {"ARGO_TABLE_NAME": "t"}}'])
def test_c82_variables_that_an_earlier_process_left_are_written_anew(tmp_path, text):
    path = tmp_path / "env.json"
    path.write_text(text, encoding="utf-8")

    with owned_variables(path, "--env-vars", VARIABLES):
        assert '"ARGO_TABLE_NAME": "table"' in path.read_text(encoding="utf-8")

    assert not path.exists()


@pytest.mark.parametrize("text", ["SECRET=1", "[]", "[1]", '{"name": "a package"}', '{"f": {"OTHER": "1"}}', "7"])
def test_c82_a_file_of_another_kind_is_neither_written_nor_removed(tmp_path, text):
    path = tmp_path / "env.json"
    path.write_text(text, encoding="utf-8")

    with (
        pytest.raises(ConfigurationError, match=re.escape(f"--env-vars {path}: there is a file")),
        owned_variables(path, "--env-vars", VARIABLES),
    ):
        pass

    assert path.read_text(encoding="utf-8") == text


def test_c82_a_second_one_changes_nothing_of_the_first_ones(tmp_path):
    path, directory = tmp_path / "env.json", tmp_path / "state"
    with owned_directory(directory, "--state"), owned_variables(path, "--env-vars", VARIABLES):
        before = files_of(tmp_path)
        with (
            pytest.raises(ConfigurationError, match=r"--state .*: another argo is using it"),
            owned_directory(directory, "--state"),
        ):
            pass
        with (
            pytest.raises(ConfigurationError, match=r"--env-vars .*: another argo is using it"),
            owned_variables(path, "--env-vars", {}),
        ):
            pass
        assert files_of(tmp_path) == before


def test_c82_a_file_that_took_the_place_of_ours_stays(tmp_path):
    path, other = tmp_path / "env.json", tmp_path / "other.json"
    with owned_variables(path, "--env-vars", VARIABLES):
        other.write_text("mine", encoding="utf-8")
        other.replace(path)

    assert path.read_text(encoding="utf-8") == "mine"


def test_what_a_killed_process_kept_can_be_kept_again(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from console.ownership import owned_directory\n"
        "with owned_directory(Path(sys.argv[1]), '--state'): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "state")], check=False)  # noqa: S603

    assert done.returncode == -9
    with owned_directory(tmp_path / "state", "--state"):
        assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_clearing_a_run_leaves_what_is_no_run_s(tmp_path):
    record = RunRecord(tmp_path)
    for name in ("aws/state.json", "log.jsonl", "report.html", "played.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")

    record.clear()

    assert files_of(tmp_path) == {"notes.txt": b"x"}
