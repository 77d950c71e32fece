import pytest
from typer.testing import CliRunner

from argo.domain.config import Generation
from argo.domain.signal import Timeframe
from console.main import app
from console.play import SAMPLE_FROM
from simulation.market.bars import load_bars
from tests.unit.generation.generator import a_configuration
from worlds.paths import CONFIGURATION, LAST_RUN, SAMPLE_BARS
from worlds.play import configured_for

HEADER = "timestamp,symbol,open,high,low,close,volume"
MONDAY = "2026-03-02,AAPL,100,101,99,100.5,1000"


@pytest.fixture
def argo(tmp_path, monkeypatch):
    """Run a command in an empty directory, on a wide terminal."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        environment = {"COLUMNS": "500", "ARGO_STACK": None}
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)

    return run


@pytest.fixture
def bars_file(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "bars.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def config_file(tmp_path):
    def write(replaced, by):
        text = CONFIGURATION.read_text(encoding="utf-8")
        assert replaced in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(replaced, by, 1), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-03-03,AAPL,100,98,99,100.5,1000", ["column high", "98 is below the low, 99"]),
        ("2026-03-03,AAPL,100,101,99,cheap,1000", ["column close", "'cheap'"]),
        ("2026-03-03,AAPL,100,101,99,100.5,-1", ["column volume", "-1"]),
        ("yesterday,AAPL,100,101,99,100.5,1000", ["column timestamp", "'yesterday'"]),
        ("2026-03-03,AAPL,100,101,99,,1000", ["column close", "no value"]),
        (MONDAY, ["column timestamp", "a second bar of AAPL"]),
    ],
)
def test_a_bad_bars_file_is_refused_with_row_and_column(argo, bars_file, row, words):
    path = bars_file(MONDAY, row)

    result = argo("run", "--bars", path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}, row 3: " in result.stderr
    assert all(word in result.stderr for word in words)


def test_a_bars_file_without_a_column_is_refused(argo, bars_file):
    path = bars_file("1", header="timestamp")

    result = argo("run", "--bars", path)

    assert result.exit_code == 2
    assert "row 1: missing column symbol, open, high, low, close, volume" in result.stderr


def test_a_bars_file_that_is_not_there_is_refused(argo):
    result = argo("run", "--bars", "nowhere.csv")

    assert result.exit_code == 2
    assert "nowhere.csv: cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["2026-03-02,TOOLONG,100,101,99,100.5,1000"], "'TOOLONG'"),
        ([f"2026-03-02T15:0{minute}:00Z,AAPL,100,101,99,100.5,1000" for minute in (0, 2)], "2Min"),
    ],
    ids=["symbol", "timeframe"],
)
def test_bars_argo_cannot_trade_are_refused(argo, bars_file, lines, words):
    result = argo("run", "--bars", bars_file(*lines))

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("replaced", "by", "words"),
    [
        ("minimum_confidence = 75", "minimum_confidence = 0.75", ["[accounts.argo] minimum_confidence", "0.75"]),
        ("interval_seconds = 5", "interval_seconds = 0", ["[generation] interval_seconds = 0"]),
        ("interval_seconds = 5", "intervall = 5", ["[generation] intervall = 5: unknown key"]),
        ("weight = 1.0", 'weight = "heavy"', ["[sources.trend] weight = 'heavy'"]),
        ('watchlist = ["AAPL"', 'watchlist = ["AAPL", "toolongname"', ["toolongname"]),
        ("[generation]", "[generation", ["not TOML"]),
    ],
)
def test_a04_a_wrong_configuration_is_refused_with_table_key_and_value(argo, config_file, replaced, by, words):
    path = config_file(replaced, by)

    result = argo("run", "--config", path, "--from", "2013-01-02")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}: " in result.stderr
    assert all(word in result.stderr for word in words)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["--from", "2030-01-01"], "no bars from 2030-01-01 to its end"),
        (["--to", "1999-12-31"], f"no bars from {SAMPLE_FROM} to 1999-12-31"),
        (["--from", "2012-05-01", "--to", "2012-04-01"], "no bars from 2012-05-01 to 2012-04-01"),
        (["--from", "2012-12-25", "--to", "2012-12-25"], "no bars from 2012-12-25 to 2012-12-25"),
    ],
)
def test_dates_without_bars_are_refused(argo, dates, words):
    result = argo("run", *dates)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--from", "yesterday"], ["--rows", "-1"], ["--no-such-option"]], ids=lambda each: each[0]
)
def test_a_wrong_option_is_refused_by_its_name(argo, arguments):
    result = argo("run", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_wrong_input_leaves_the_last_run_alone(argo, tmp_path):
    kept = tmp_path / LAST_RUN / "days.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("[]", encoding="utf-8")

    argo("run", "--from", "2030-01-01")

    assert kept.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["signals"],
        ["why", "0123456789abcdef01234567"],
        ["dlq", "list", "argo"],
        ["dlq", "show", "argo", "m1"],
        ["dlq", "redrive", "argo"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("state", [LAST_RUN, "elsewhere"])
def test_a_command_without_a_run_is_refused_with_what_to_do(argo, command, state):
    result = argo(*command, "--state", state)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--state {state}: no run is kept there; `argo run` makes one" in result.stderr


def test_the_help_lists_the_commands_and_the_exit_codes(argo):
    result = argo("--help")

    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("run", "signals", "why", "dlq", "Exit codes"))


def test_a_tape_brings_its_own_watchlist_and_timeframe():
    history = load_bars(SAMPLE_BARS)

    configuration = configured_for(a_configuration(generation=Generation(lifetime_seconds=77)), history)

    assert configuration.watchlist == ("AAPL", "FB", "GOOG", "IBM", "MSFT")
    assert configuration.generation.timeframe is Timeframe.DAY
    assert configuration.generation.lifetime_seconds == 77


def test_a32_the_sample_has_history_for_every_regime_before_it_begins_to_trade():
    history = load_bars(SAMPLE_BARS)

    past = history.between(last=SAMPLE_FROM)

    assert len(past) > Generation().history_bars
