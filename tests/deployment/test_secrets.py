import os
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from worlds.paths import PROJECT, TEMPLATE
from worlds.template import read_template

TOOLS = Path(sys.executable)
WITHOUT_UV = ["""RUN=sh -c 'shift 2; exec "$$@"' run""", f"UV={TOOLS}"]
"""Take `--group dev` from what is to be run, and run it in this environment."""

SECRET = b64encode(sha256(b"made up").digest()).decode()[:40]


def make(target, folder, *options):
    """Run a target of the project's Makefile on another folder."""
    command = ["make", "-s", "-f", PROJECT / "Makefile", "-C", folder, *options, target, *WITHOUT_UV]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MAKE"))}
    environment["PATH"] = f"{TOOLS.parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True)  # noqa: S603, S607


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    (tmp_path / "clean.py").write_text('PARAMETER = "/argo/prod/argo/alpaca"\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("added", [False, True], ids=["new", "added"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.py", f'APCA_API_SECRET_KEY = "{SECRET}"\n'),
        ("samconfig.toml", f'secret_key = "{SECRET}"\n'),
        ("env.json", f'{{"key_id": "PKMADEUP000000000000", "secret_key": "{SECRET}"}}\n'),
        ("run.sh", f"export APCA_API_SECRET_KEY={SECRET}\n"),
    ],
    ids=["Python", "TOML", "JSON", "shell"],
)
def test_a36_a_key_in_what_would_be_committed_is_found(checkout, name, text, added):
    (checkout / name).write_text(text, encoding="utf-8")
    if added:
        git(checkout, "add", name)

    found = make("secrets", checkout)

    assert found.returncode != 0
    assert name in found.stdout
    assert SECRET not in found.stdout


def test_a36_a_checkout_without_keys_passes(checkout):
    (checkout / ".env").write_text(f"APCA_API_SECRET_KEY={SECRET}\n", encoding="utf-8")

    found = make("secrets", checkout)

    assert (found.returncode, found.stdout) == (0, "")


def test_a36_the_checks_look_for_keys(checkout):
    assert "--no-print-directory secrets" in make("check", checkout, "--dry-run").stdout


def test_a36_a_deployed_function_is_given_the_name_of_its_key_and_not_the_key():
    resources = read_template(TEMPLATE)["Resources"].values()
    functions = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::Function"]

    given = [each["Environment"]["Variables"] for each in functions]

    keys = [each[name] for each in given for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY") if name in each]
    assert keys
    assert all(value == {"Fn::If": ["IsLocal", "", {"Ref": "AWS::NoValue"}]} for value in keys)
