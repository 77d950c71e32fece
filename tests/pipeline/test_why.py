"""`argo why` of a signal that an account never got."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from console.main import app
from simulation.broker.server import BackgroundServer
from tests.pipeline.pipeline import Pipeline, a_broker
from tests.unit.builders import a_signal
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

SIGNAL = a_signal()


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A kept ledger with one signal, which argo has not received yet and prop_firm did not want."""
    kept = tmp_path_factory.mktemp("why")
    with embedded_aws(kept / "aws") as aws, BackgroundServer(a_broker()) as background:
        ledger = Pipeline(aws, aws.create_resources(TEMPLATE), background).ledger
        declined = {"prop_firm": "confidence_below_minimum"}
        asyncio.run(ledger.put_signal(SIGNAL, executors={"argo"}, declined=declined))
    return kept


def why(state, *arguments):
    environment = {"COLUMNS": "500", "ARGO_STACK": None}
    return CliRunner().invoke(app, ["why", "--state", str(state), *arguments], env=environment)


def test_a01_an_account_that_did_not_want_the_signal_is_named_with_the_reason(state):
    said = why(state, SIGNAL.signal_id).stdout

    assert "argo: has not received it yet\n" in said
    assert "prop_firm: not sent to it, confidence_below_minimum: The signal's confidence is below" in said


def test_a01_the_json_has_the_reason_too(state):
    shown = json.loads(why(state, SIGNAL.signal_id, "--json").stdout)

    assert shown["declined"] == {"prop_firm": "confidence_below_minimum"}


def test_an_id_that_is_cut_short_is_refused_with_where_the_whole_one_stands(state):
    result = why(state, SIGNAL.signal_id[:8])

    assert (result.exit_code, result.stdout) == (1, "")
    assert "argo signals lists the ids" in result.stderr
