"""`argo doctor` of a run that was kept on this machine."""

import json

import pytest
from typer.testing import CliRunner

from console.main import app
from tests.pipeline.findings import broken, levels
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE


@pytest.fixture
def local_run(tmp_path):
    """A kept run whose accounts may be halted, as `argo run` leaves it."""

    def keep(state):
        with embedded_aws(tmp_path / "aws") as aws:
            resources = aws.create_resources(TEMPLATE)
            item = {"PK": {"S": "ACCOUNT#argo"}, "SK": {"S": "STATE"}, "trading_state": {"S": state}}
            aws.client("dynamodb").put_item(TableName=resources.table, Item=item)
        return tmp_path

    return keep


@pytest.mark.parametrize(("state", "code", "wrong"), [("ACTIVE", 0, set()), ("HALTED", 1, {"trading state argo"})])
def test_of_a_local_run_what_there_is_is_looked_at(local_run, state, code, wrong):
    directory = local_run(state)

    result = CliRunner().invoke(
        app, ["doctor", "--state", str(directory), "--json"], env={"ARGO_STACK": None, "COLUMNS": "500"}
    )

    findings = {f"{each['check']} {each['subject']}".strip(): each for each in json.loads(result.stdout)}
    assert (result.exit_code, broken(findings)) == (code, wrong)
    assert {"argo.toml", "accounts", "table", "queue argo", "dead letters prop_firm"} <= levels(findings)["ok"]
    assert "not looked at" not in levels(findings)
