import json

import pytest
from typer.testing import CliRunner

from argo.domain.symbols import Symbol
from console.main import app
from tests.unit.generation.bars import real_bars

HEADER = "timestamp,symbol,open,high,low,close,volume"
FEW = [
    "2026-03-02,AAPL,100,101,99,100.5,1000",
    "2026-03-03,AAPL,100.5,102,100,101,1000",
    "2026-03-04,AAPL,101,103,100,102,1000",
]


@pytest.fixture
def argo(tmp_path, monkeypatch):
    """Run a command in an empty directory, on a wide terminal."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "500"})

    return run


@pytest.fixture
def bars(tmp_path):
    def write(lines):
        path = tmp_path / "bars.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def years(bars):
    """Two years of one symbol, enough for signals and orders."""
    rows = real_bars()[Symbol("IBM")][-520:]
    return bars(
        f"{bar.time:%Y-%m-%d},IBM,{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume:.0f}" for bar in rows
    )


def test_a_replay_ends_with_its_speed_and_its_ledgers_digest(argo, years):
    told = argo("replay", "--bars", years)
    as_json = json.loads(argo("replay", "--bars", years, "--json").stdout)

    assert told.exit_code == 0
    assert "520 bars in " in told.stdout
    assert f"Ledger: {as_json['ledger_sha256']}" in told.stdout
    assert (as_json["bars"], len(as_json["ledger_sha256"])) == (520, 64)
    assert any(account["with_order"] for account in as_json["accounts"])


def test_bars_before_the_first_date_are_history(argo, bars):
    found = json.loads(argo("replay", "--bars", bars(FEW), "--from", "2026-03-03", "--json").stdout)

    assert found["bars"] == 2


def test_logs_and_report_are_written_where_they_are_asked_for(argo, years, tmp_path):
    log, report = tmp_path / "log.jsonl", tmp_path / "report.html"

    result = argo("replay", "--bars", years, "--log", log, "--report", report)
    assert result.exit_code == 0, result.exception

    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert "order_submitted" in {record["message"] for record in records}
    assert "IBM" in report.read_text(encoding="utf-8")


def test_without_a_log_nothing_is_logged(argo, years):
    result = argo("replay", "--bars", years)

    assert "order_submitted" not in result.output


def test_no_bars_from_the_first_date_on_are_refused(argo, bars):
    path = bars(FEW)

    result = argo("replay", "--bars", path, "--from", "2027-01-04")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}: no bars from 2027-01-04 to its end" in result.stderr


@pytest.mark.parametrize("option", ["--log", "--report"])
def test_a_file_that_cannot_be_written_is_named(argo, bars, tmp_path, option):
    result = argo("replay", "--bars", bars(FEW), option, tmp_path)

    assert result.exit_code == 2
    assert f"{tmp_path} cannot be written: Is a directory" in result.stderr
