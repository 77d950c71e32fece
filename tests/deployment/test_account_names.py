"""An account's name is said by the template and the stack, and never read back from a logical id."""

import asyncio
import json
import os
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from argo.domain.account import TradingState
from argo.domain.client_order_ids import ExecutorName
from argo.domain.config import parse_configuration
from argo.domain.naming import namesakes
from argo.domain.tables import ConfigurationError
from console.deployment import deployment_of
from console.main import app
from console.stacks import read_stack
from tests.contract.backends import Plain
from tests.contract.workers import claim, intend
from tests.deep import examples
from tests.unit.builders import NOW, a_signal
from worlds.embedded_aws import Resources
from worlds.paths import CONFIGURATION
from worlds.rendering import rendered, with_credentials
from worlds.template import parse_template, stateful_part

PATTERN = next(each.pattern for each in ExecutorName.__metadata__[0].metadata if hasattr(each, "pattern"))
ODD = ("acct_2", "a_", "a__b", "b_1", "no", "on", "null", "true", "y", "execute_x", "x", "deadletter", "api")
NAMES = st.lists(
    st.from_regex(PATTERN.replace("$", r"\Z"), fullmatch=True) | st.sampled_from(ODD),
    min_size=1,
    max_size=3,
    unique=True,
)


class Sqs:
    """Knows every queue by its name."""

    def get_queue_url(self, *, QueueName):  # noqa: N803 - boto3's spelling
        return {"QueueUrl": f"http://now/{QueueName}"}


def said(template):
    """Return a stack's outputs as CloudFormation would resolve them, physical ids being logical ones."""
    values = {name: each["Value"] for name, each in template["Outputs"].items()}
    return {
        name: f"http://before/{value['Ref']}" if isinstance(value, dict) and "Ref" in value else value
        for name, value in values.items()
    }


def logical_ids(text):
    """Return every name that a section of the template declares, as often as it does."""
    _, *sections = re.split(
        r"^(Parameters|Rules|Conditions|Globals|Resources|Outputs):\n", text, flags=re.MULTILINE
    )
    return {
        name: re.findall(r"^  (\w+):", body, re.MULTILINE)
        for name, body in zip(sections[::2], sections[1::2], strict=True)
    }


@settings(max_examples=examples(60))
@given(NAMES)
def test_c16_every_name_that_configuration_admits_is_read_back_as_itself(names):
    assume(namesakes(names) is None)
    text = rendered(names)
    whole = parse_template(text)
    served = {
        resource["Properties"]["Environment"]["Variables"]["ARGO_EXECUTOR"]: resource["Properties"]["Environment"][
            "Variables"
        ]["ARGO_QUEUE_URL"]["Ref"]
        for logical_id, resource in whole["Resources"].items()
        if logical_id.startswith("Execute") and resource["Type"] == "AWS::Serverless::Function"
    }

    made = Resources.of(said(stateful_part(whole)), Sqs())
    outputs = said(whole)
    deployed = read_accounts(outputs, whole)

    assert {name: f"http://now/{queue}" for name, queue in served.items()} == made.queues
    assert {name: f"http://before/{queue}" for name, queue in served.items()} == deployed.queue_urls
    assert list(made.queues) == list(made.dead_letter_queues) == list(deployed.dead_letter_urls) == names
    assert all(len(set(each)) == len(each) for each in logical_ids(text).values())


def read_accounts(outputs, whole):
    """Read the stack through `read_stack`, from a CloudFormation that has these outputs."""

    class CloudFormation:
        def describe_stacks(self, **_):
            described = [{"OutputKey": key, "OutputValue": str(value)} for key, value in outputs.items()]
            return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "CreationTime": NOW, "Outputs": described}]}

        def get_template(self, **_):
            return {"TemplateBody": json.dumps(whole)}

    return read_stack(lambda _: CloudFormation(), "s", resources=False)


def test_c16_a_stack_that_an_earlier_version_deployed_says_its_names_by_its_functions():
    whole = parse_template(rendered(["argo", "acct_2"]))
    outputs = {name: value for name, value in said(whole).items() if not name.endswith("Account")}

    found = read_accounts(outputs, whole)

    assert list(found.queue_urls) == ["argo", "acct_2"]


@pytest.mark.parametrize(
    ("one", "other"), [("acct_2", "acct2"), ("a_b_1", "a_b1"), ("ab", "ab_"), ("a__b", "a_b")]
)
def test_c16_accounts_whose_resources_would_have_one_name_are_refused_at_load(one, other):
    own = CONFIGURATION.read_text("utf-8")
    table = "\n[accounts.{}]\nminimum_confidence = 80\nbase_size_percent = 5\nsize_cap_percent = 8\n"

    with pytest.raises(ConfigurationError, match=rf"accounts {one} and {other} would both be named"):
        parse_configuration(own + table.format(one) + table.format(other))
    with pytest.raises(ConfigurationError, match=rf"accounts {one} and {other}"):
        rendered([one, other])


def test_a_new_accounts_parameter_has_its_own_name_in_the_place_of_the_firsts():
    own = 'parameter_overrides = "Mode=paper CredentialsParameterArgo=/argo/argo/credentials"\n'

    changed = with_credentials(own, ["argo", "acct_2"])

    assert "CredentialsParameterAcct2=/argo/acct_2/credentials" in changed


@pytest.fixture(scope="module")
def odd_stack(aws):
    """A stack of the oddest names: its table and queues on the emulator, with the outputs of the whole."""
    whole = parse_template(rendered(ODD))
    part = stateful_part(whole)
    outputs = {
        name: each
        for name, each in whole["Outputs"].items()
        if name == "TableName" or name.endswith(("Account", "QueueUrl"))
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="odd",
        TemplateBody=json.dumps(part | {"Outputs": outputs}),
        Parameters=[{"ParameterKey": "LocalEndpointUrl", "ParameterValue": aws.url}],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="odd", WaiterConfig={"Delay": 0, "MaxAttempts": 5_000}
    )
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("AWS_", "ARGO_"))]:
            environment.delenv(name)
        for name, value in aws.environment.items():
            environment.setenv(name, value)
        yield deployment_of(read_stack(aws.client, "odd", resources=False))


def argo(*arguments):
    return CliRunner().invoke(app, [*arguments, "--stack", "odd"], env={"COLUMNS": "500"})


def states(ledger):
    return {name: asyncio.run(ledger.account(name)).trading_state for name in ODD}


@pytest.mark.usefixtures("odd_stack")
def test_c16_every_odd_account_is_shown_as_itself():
    shown = json.loads(argo("status", "--json").stdout)

    assert [each["executor"] for each in shown] == list(ODD)


@pytest.mark.parametrize("name", ODD)
def test_c16_an_odd_account_is_halted_as_itself_and_alone(odd_stack, name):
    result = argo("halt", name, "--reason", "test")
    halted = [each for each, state in states(odd_stack.ledger).items() if state is TradingState.HALTED]
    argo("resume", name, "--reason", "test")

    assert (result.exit_code, halted) == (0, [name]), result.output
    assert set(states(odd_stack.ledger).values()) == {TradingState.ACTIVE}


@pytest.mark.parametrize("name", ["acct2", "acct_2_", "A", "dead"])
def test_c16_a_name_that_no_account_has_is_refused_with_those_that_there_are(odd_stack, name):
    result = argo("halt", name, "--reason", "test")

    assert result.exit_code == 2
    assert f"no account '{name}'; there are {', '.join(ODD)}" in result.output
    assert set(states(odd_stack.ledger).values()) == {TradingState.ACTIVE}


@pytest.mark.parametrize("name", ["acct_2", "a_", "no"])
def test_c16_an_odd_account_is_flattened_as_itself_and_alone(odd_stack, name):
    signal, ledger = a_signal(), Plain(odd_stack.ledger)
    other = {"acct_2": "b_1", "a_": "a__b", "no": "on"}[name]
    for executor in (name, other):
        intend(ledger, claim(ledger, signal, executor))

    result = argo("flatten", name, "--reason", "test")
    planned = [each for each in (name, other) if ledger.execution(signal.signal_id, each).exit is not None]

    assert (result.exit_code, planned) == (0, [name]), result.output
