"""Exports of ledgers that the handlers wrote: every row against the record it was made of."""

import asyncio
import csv
import io
import json
from datetime import datetime
from decimal import Decimal

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from argo.domain.conservation import sums
from argo.domain.signal import Ending, SignalOutcome
from argo.records import of_days
from console.export.columns import SIGNAL_COLUMNS, TRADE_COLUMNS, Kind
from console.main import app
from simulation.broker.server import BackgroundServer, Fault
from tests.pipeline.pipeline import DAY, EXECUTORS, MINUTE, OPENS, Pipeline, a_broker, against
from tests.pipeline.trades import fresh
from tests.unit.builders import a_vote
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

SPREADSHEET_FORMULA = '=HYPERLINK("http://evil","it\'s; here"),\r\n'
PARTS = ("with_order", "denied", "rejected", "expired", "dead_lettered", "unresolved", "declined")
each_format = pytest.mark.parametrize("form", ["csv", "parquet"])


def trade(pipeline):
    """Leave a signal of every ending: closed, held, denied, rejected, expired, not taken, declined."""
    votes = [a_vote(), a_vote(source="breakout", confidence=83.25)]
    closed = fresh(pipeline, "AAPL", votes=votes, confidence=Decimal("80.5"))
    pipeline.hold(closed)
    pipeline.hold(fresh(pipeline, "MSFT", confidence=90), "prop_firm")
    pipeline.pass_time(MINUTE)
    pipeline.execute(against(closed, created_at=pipeline.clock.now(), bar_time=pipeline.clock.now()))
    pipeline.reconcile()
    pipeline.execute(fresh(pipeline, "IBM", confidence=60))
    refusal = json.dumps({"code": 42210000, "message": SPREADSHEET_FORMULA})
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", status=422, body=refusal))
    rejected = fresh(pipeline, "GOOG")
    pipeline.execute(rejected)
    pipeline.publish(fresh(pipeline, "FB"))
    pipeline.pass_time(6 * MINUTE)
    pipeline.poll()
    pipeline.store(fresh(pipeline, "SPY"))
    outcome = SignalOutcome(ending=Ending.TARGET, at=OPENS, bars=3, price="110", realised_r="2.125")

    async def more():
        await pipeline.ledger.record_outcome(closed.signal_id, outcome)
        await pipeline.ledger.put_signal(
            fresh(pipeline, "QQQ"), executors={"argo"}, declined={"prop_firm": "regime_excluded"}
        )

    asyncio.run(more())


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The ledger of such a day kept in a directory, its rows, and its signals as stored."""
    state = tmp_path_factory.mktemp("exported")
    with embedded_aws(state / "aws") as aws, BackgroundServer(a_broker()) as background:
        pipeline = Pipeline(aws, aws.create_resources(TEMPLATE), background)
        trade(pipeline)
        rows = asyncio.run(of_days(pipeline.ledger, EXECUTORS, [DAY]))
        stored = {row.signal_id: asyncio.run(pipeline.ledger.signal(row.signal_id)) for row in rows}
    return state, rows, stored


def export(state, *arguments):
    environment = {"COLUMNS": "500", "ARGO_STACK": None}
    return CliRunner().invoke(app, ["export", "--state", str(state), *map(str, arguments)], env=environment)


@pytest.fixture(scope="module")
def files(kept, tmp_path_factory):
    """Both files in both formats, and what the command said of each format."""
    directory = tmp_path_factory.mktemp("files")
    said = {form: export(kept[0], "--output", directory, "--format", form).output for form in ("csv", "parquet")}
    return directory, said


def exported(path, columns):
    """Read a file back as plain values, whichever format it has."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True)
    kinds = {column.name: column.kind for column in columns}
    return [{name: plain(kinds[name], text) for name, text in row.items()} for row in rows]


def plain(kind, text):
    if not text:
        return [] if kind is Kind.NAMES else None
    parsers = {
        Kind.NAMES: str.split,
        Kind.DECIMAL: Decimal,
        Kind.INTEGER: int,
        Kind.TIME: datetime.fromisoformat,
        Kind.TEXT: lambda text: text.removeprefix("'"),
    }
    return parsers.get(kind, str)(text)


@each_format
def test_every_signal_reads_back_as_the_ledger_has_it(kept, files, form):
    _, rows, stored = kept
    directory, said = files

    found = exported(directory / f"signals.{form}", SIGNAL_COLUMNS)

    assert f"{directory / f'signals.{form}'}: {len(rows)} signals\n" in said[form]
    assert [row["signal_id"] for row in found] == [row.signal_id for row in rows]
    for row in found:
        known = stored[row["signal_id"]]
        for name in type(known.signal).model_fields.keys() - {"votes"}:
            assert row[name] == getattr(known.signal, name), name
        assert json.loads(row["votes"]) == known.signal.model_dump(mode="json")["votes"]
        assert set(row["published_to"]) == known.published_to
        assert set(row["awaiting"]) == known.awaiting
        assert json.loads(row["declined"]) == known.declined
        for name in SignalOutcome.model_fields:
            assert row[f"outcome_{name}"] == getattr(known.outcome, name, None), name
    assert {len(json.loads(row["votes"])) for row in found} == {0, 2}
    assert {row["outcome_ending"] for row in found} == {"target", None}


@each_format
def test_every_trade_reads_back_as_the_ledger_has_it(kept, files, form):
    _, rows, stored = kept

    found = {
        (row["signal_id"], row["executor"]): row for row in exported(files[0] / f"trades.{form}", TRADE_COLUMNS)
    }
    executions = {execution.key: execution for row in rows for execution in row.executions.values()}
    declined = {(key, executor) for key, each in stored.items() for executor in each.declined}
    assert (
        found.keys()
        == executions.keys() | {(row.signal_id, name) for row in rows for name in row.addressed} | declined
    )
    for key, row in found.items():
        if (execution := executions.get(key)) is None:
            assert (row["state"], row["order_id"], row["fills"], row["attempts"]) == (None, None, None, None)
            continue
        for name in ("state", "reason", "obstacle", "attempts", "client_order_id", "order_id", "realised_profit"):
            assert row[name] == getattr(execution, name), name
        dumped = execution.model_dump(mode="json")
        for name in ("fills", "history", "detail"):
            assert json.loads(row[name]) == dumped[name], name
        assert (json.loads(row["order_body"]) if row["order_body"] else None) == dumped["order_body"]
        assert row["ended_at"] == (execution.updated_at if execution.state.is_terminal else None)
        bought = sum(fill.quantity for fill in execution.fills if fill.leg == "entry")
        assert (row["entry_quantity"] or 0) == bought
    (refused,) = [row for row in found.values() if row["state"] == "REJECTED"]
    assert refused["broker_message"] == SPREADSHEET_FORMULA


def test_what_the_broker_says_is_no_formula_in_a_spreadsheet(files):
    text = (files[0] / "trades.csv").read_bytes().decode()
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert "'" + SPREADSHEET_FORMULA in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert all(Decimal(cell) < 0 for cell in cells if cell.startswith("-"))


def test_trades_add_up_to_the_conservation_sum(kept, files):
    rows = kept[1]

    found = exported(files[0] / "trades.csv", TRADE_COLUMNS)

    assert {row["counted_as"] for row in found} == {*PARTS} - {"dead_lettered"}
    for summed in sums(rows, EXECUTORS):
        ours = [row for row in found if row["executor"] == summed.executor]
        for part in PARTS:
            assert sum(row["counted_as"] == part for row in ours) == getattr(summed, part), part
        assert sum(row["realised_profit"] or 0 for row in ours) == summed.realised_profit


def test_only_the_days_asked_for_are_in_the_files(kept, tmp_path):
    before = export(kept[0], "--output", tmp_path / "before", "--to", "2026-03-01")
    that_day = export(kept[0], "--output", tmp_path / "that-day", "--from", DAY, "--to", DAY)

    assert [line.rsplit(": ")[-1] for line in before.output.splitlines()] == ["0 signals", "0 trades"]
    assert that_day.output.splitlines()[0].endswith(f": {len(kept[1])} signals")


@each_format
def test_without_a_signal_a_file_has_its_columns(kept, tmp_path, form):
    export(kept[0], "--output", tmp_path, "--format", form, "--from", "2030-01-01")

    if form == "parquet":
        assert pyarrow.parquet.read_schema(tmp_path / "trades.parquet").names == [c.name for c in TRADE_COLUMNS]
    else:
        (header,) = (tmp_path / "signals.csv").read_text(encoding="utf-8").splitlines()
        assert header == ",".join(f'"{column.name}"' for column in SIGNAL_COLUMNS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--output", "{}/there.csv", "--what", "trades"], "{}/there.csv: exists; --force replaces it"),
        (["--output", "{}/x.csv"], "--output {}/x.csv: one file holds one of them: add --what trades"),
        (
            ["--output", "{}/x.csv", "--what", "trades", "--format", "parquet"],
            "--format parquet: the file's suffix",
        ),
        (
            ["--output", "{}/there.txt"],
            "--output {}/there.txt: a file of another kind; give a directory, or FILE.csv",
        ),
        (["--output", "{}/there.txt/x.csv", "--what", "trades"], "--output {}/there.txt/x.csv: "),
        (["--output", "{}", "--from", "2026-03-03", "--to", DAY], f"--from 2026-03-03 is after --to {DAY}"),
    ],
    ids=["exists", "both in one", "suffix", "no directory", "not writable", "period"],
)
def test_what_cannot_be_written_is_wrong_input_and_changes_nothing(kept, tmp_path, arguments, said):
    for name in ("there.csv", "there.txt"):
        (tmp_path / name).write_text("earlier", encoding="utf-8")

    result = export(kept[0], *(argument.format(tmp_path) for argument in arguments))

    assert (result.exit_code, result.stdout) == (2, "")
    assert said.format(tmp_path) in result.stderr
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "there.csv": "earlier",
        "there.txt": "earlier",
    }


def test_a_file_that_exists_is_replaced_when_it_is_asked_for(kept, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("earlier", encoding="utf-8")

    result = export(kept[0], "--output", path, "--what", "trades", "--force")

    assert result.output.startswith(f"{path}: ")
    assert result.exit_code == 0, result.output
    assert path.read_text(encoding="utf-8").startswith('"signal_id",')
