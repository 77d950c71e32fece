from datetime import date

import pytest
from typer.testing import CliRunner

from console.main import app
from console.runs import RunRecord
from worlds.paths import SAMPLE_BARS


@pytest.mark.parametrize("options", [["--from", "yesterday"], ["--state", "nowhere"]], ids=lambda each: each[0])
def test_a_wrong_option_is_refused_by_its_name(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["report", *options], env={"ARGO_STACK": None, "COLUMNS": "500"})

    assert (result.exit_code, result.stdout) == (2, "")
    assert options[0] in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_remembers_which_bars_it_played(tmp_path):
    record = RunRecord(tmp_path)
    assert (record.was_played, record.played()) == (False, None)

    record.remember_bars(SAMPLE_BARS, date(2013, 1, 4), date(2013, 1, 7))

    assert record.was_played
    assert [step.start.date() for step in record.played()] == [date(2013, 1, 4), date(2013, 1, 7)]
