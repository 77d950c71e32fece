import json
import tomllib
from pathlib import Path

import pytest
from botocore.exceptions import WaiterError
from pydantic import TypeAdapter

from argo.domain.values import Lifetime
from console.doctor.account_checks import _RECEIVES
from tests.deployment.logical_ids import OF_AN_ACCOUNT, QUEUES, mentions
from tests.deployment.session import ACCOUNTS

ROOT = Path(__file__).parents[2]

FUNCTIONS = {
    "GenerateFunction": ("functions/generate", "generation.handler.lambda_handler"),
    "ApiFunction": ("functions/api", "trading_api.handler.lambda_handler"),
} | {
    f"{kind}{name}Function": source
    for name in ACCOUNTS.values()
    for kind, source in (
        ("Execute", ("functions/execute", "execution.handler.lambda_handler")),
        ("Reconcile", ("functions/reconcile", "reconciliation.handler.lambda_handler")),
    )
}
FED_BY = [(f"{name}Queue", f"Execute{name}Function") for name in ACCOUNTS.values()]
OTHERS = {"SignalTable", "CommonLayer", "AlarmTopic", "Dashboard"}

COMMON = {
    "ARGO_TABLE_NAME",
    "ARGO_MODE",
    "ARGO_CONFIG",
    "AWS_ENDPOINT_URL",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}
BROKER = {
    "ARGO_CREDENTIALS_PARAMETER",
    "APCA_API_KEY_ID",
    "APCA_API_SECRET_KEY",
    "APCA_API_BASE_URL",
    "APCA_API_DATA_URL",
}
ACCOUNT = {"ARGO_EXECUTOR", "ARGO_QUEUE_URL", "ARGO_DLQ_URL"}
CONTRACT = {
    "GenerateFunction": COMMON | BROKER | {"ARGO_QUEUE_URLS"},
    "ApiFunction": COMMON | {"ARGO_QUEUE_URLS"},
} | {name: COMMON | BROKER | ACCOUNT for name, _ in OF_AN_ACCOUNT}


def test_every_resource_stands_under_the_name_the_code_knows(template):
    named = FUNCTIONS.keys() | QUEUES.keys() | set(QUEUES.values()) | OTHERS

    assert named <= template["Resources"].keys()


def test_the_template_needs_no_macro_but_sam(template):
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    assert "Fn::ForEach" not in json.dumps(template)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_its_own_package_on_the_python_of_the_lock(template, of_type, name):
    source, handler = FUNCTIONS[name]
    function = of_type("AWS::Lambda::Function")[name]

    assert template["Resources"][name]["Properties"]["CodeUri"] == source
    assert function["Handler"] == handler
    assert function["Runtime"] == f"python{(ROOT / '.python-version').read_text().strip()}"


@pytest.mark.parametrize("name", CONTRACT)
def test_a_function_gets_exactly_the_variables_of_the_contract(of_type, name):
    variables = of_type("AWS::Lambda::Function")[name]["Environment"]["Variables"]

    assert variables.keys() == CONTRACT[name]


@pytest.mark.parametrize(("name", "executor"), OF_AN_ACCOUNT)
def test_an_account_has_its_own_queue_and_credentials(of_type, name, executor):
    variables = of_type("AWS::Lambda::Function")[name]["Environment"]["Variables"]
    queue, parameter = f"{ACCOUNTS[executor]}Queue", f"CredentialsParameter{ACCOUNTS[executor]}"

    assert variables["ARGO_EXECUTOR"] == executor
    assert variables["ARGO_QUEUE_URL"] == {"Ref": queue}
    assert variables["ARGO_DLQ_URL"] == {"Ref": QUEUES[queue]}
    assert variables["ARGO_CREDENTIALS_PARAMETER"] == {"Ref": parameter}


@pytest.mark.parametrize("name", ["GenerateFunction", "ApiFunction"])
def test_producers_know_the_queue_of_every_account_in_argo_toml(of_type, name):
    variables = of_type("AWS::Lambda::Function")[name]["Environment"]["Variables"]
    accounts = tomllib.loads((ROOT / "argo.toml").read_text())["accounts"]

    assert json.loads(variables["ARGO_QUEUE_URLS"]["Fn::Sub"]).keys() == accounts.keys()


@pytest.mark.parametrize(("queue", "function"), FED_BY)
def test_a_batch_in_flight_is_not_delivered_a_second_time(of_type, queue, function):
    visibility = of_type("AWS::SQS::Queue")[queue]["VisibilityTimeout"]

    assert visibility >= 6 * of_type("AWS::Lambda::Function")[function]["Timeout"]


@pytest.mark.parametrize(("queue", "function"), FED_BY)
def test_one_queue_feeds_one_executor_and_failures_are_reported_by_message(of_type, queue, function):
    (source,) = [
        each
        for each in of_type("AWS::Lambda::EventSourceMapping").values()
        if each["FunctionName"] == {"Ref": f"{function}Aliaslive"}
    ]

    assert source["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == 10
    assert 2 <= source["ScalingConfig"]["MaximumConcurrency"] <= 1000


@pytest.mark.parametrize("queue", QUEUES)
def test_dead_letters_outlive_the_queue_they_come_from(of_type, queue):
    queues = of_type("AWS::SQS::Queue")
    redrive = queues[queue]["RedrivePolicy"]

    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [QUEUES[queue], "Arn"]}
    assert queues[QUEUES[queue]]["MessageRetentionPeriod"] > queues[queue]["MessageRetentionPeriod"]


@pytest.mark.parametrize("queue", QUEUES)
def test_c11_a_queue_keeps_a_message_longer_than_any_signal_lives_and_its_last_wait_lasts(of_type, queue):
    longest_life = TypeAdapter(Lifetime).json_schema()["maximum"]

    assert of_type("AWS::SQS::Queue")[queue]["MessageRetentionPeriod"] >= longest_life + longest_life / 4 + 3_600


@pytest.mark.parametrize("queue", QUEUES)
def test_the_doctor_mends_a_queue_as_the_template_makes_it(of_type, queue):
    assert of_type("AWS::SQS::Queue")[queue]["RedrivePolicy"]["maxReceiveCount"] == _RECEIVES


def test_queues_are_encrypted_and_refuse_plain_http(of_type):
    queues = of_type("AWS::SQS::Queue")
    denials = [
        (each["Queues"], statement["Condition"])
        for each in of_type("AWS::SQS::QueuePolicy").values()
        for statement in each["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]

    assert all(each["SqsManagedSseEnabled"] for each in queues.values())
    for name in queues:
        assert ([{"Ref": name}], {"Bool": {"aws:SecureTransport": "false"}}) in denials


def test_the_ledger_is_kept_whatever_happens_to_the_stack(resources):
    table = resources["SignalTable"]

    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsNotLocal", True, False]}
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in table["Properties"]


def test_the_ledger_has_the_keys_its_adapter_writes(of_type):
    table = of_type("AWS::DynamoDB::Table")["SignalTable"]
    keys = {
        index["IndexName"]: {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
        for index in [{"IndexName": "table", **table}, *table["GlobalSecondaryIndexes"]]
    }

    assert keys == {
        "table": {"HASH": "PK", "RANGE": "SK"},
        "by_time": {"HASH": "time_partition", "RANGE": "time_sort"},
        "open_executions": {"HASH": "work_list", "RANGE": "waiting_since"},
    }


def test_the_ledger_and_the_queues_can_be_made_without_the_functions(resources):
    kinds = {"AWS::DynamoDB::Table", "AWS::SQS::Queue"}
    alone = {name for name, each in resources.items() if each["Type"] in kinds}

    for name in alone:
        strangers = resources.keys() - alone
        assert not [each for each in strangers if mentions(resources[name], each)]


@pytest.mark.parametrize("name", ["GenerateFunction", *(f"Reconcile{name}Function" for name in ACCOUNTS.values())])
def test_a_tick_comes_every_minute_and_a_stale_one_is_dropped(of_type, name):
    (schedule,) = [
        each
        for each in of_type("AWS::Scheduler::Schedule").values()
        if each["Target"]["Arn"] == {"Ref": f"{name}Aliaslive"}
    ]
    (invocation,) = [
        each
        for each in of_type("AWS::Lambda::EventInvokeConfig").values()
        if (each["FunctionName"], each["Qualifier"]) == ({"Ref": name}, "live")
    ]

    assert schedule["ScheduleExpression"] == "cron(* * * * ? *)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] <= 2
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60
    assert json.loads(schedule["Target"]["Input"])["scheduled_time"] == "<aws.scheduler.scheduled-time>"
    assert invocation["MaximumRetryAttempts"] == 0
    assert invocation["MaximumEventAgeInSeconds"] == 60


def test_every_function_logs_to_a_group_that_forgets(of_type):
    groups = of_type("AWS::Logs::LogGroup")

    for function in of_type("AWS::Lambda::Function").values():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[group]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("dead_letters", QUEUES.values())
def test_a_dead_letter_raises_an_alarm_that_can_be_delivered(of_type, dead_letters):
    (alarm,) = [
        each
        for each in of_type("AWS::CloudWatch::Alarm").values()
        if each.get("Dimensions") == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [dead_letters, "QueueName"]}}]
    ]
    key = of_type("AWS::KMS::Key")[of_type("AWS::SNS::Topic")["AlarmTopic"]["KmsMasterKeyId"]["Ref"]]

    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert {"Service": "cloudwatch.amazonaws.com"} in [each["Principal"] for each in key["KeyPolicy"]["Statement"]]


def test_what_is_built_follows_the_architecture_parameter(template, of_type):
    layer = template["Resources"]["CommonLayer"]

    assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}
    assert layer["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    for name in ("CommonLayer", *FUNCTIONS):
        metadata = template["Resources"][name]["Metadata"]
        assert metadata["BuildMethod"] == "makefile"
        assert metadata["ContextPath"] == {"Fn::Sub": "layers/common/${Architecture}"}
    for function in of_type("AWS::Lambda::Function").values():
        assert function["Architectures"] == [{"Ref": "Architecture"}]


def test_there_is_a_build_for_every_architecture_one_can_choose(template):
    for architecture in template["Parameters"]["Architecture"]["AllowedValues"]:
        assert (ROOT / "layers/common" / architecture / "Makefile").is_file()


def test_live_money_is_never_the_default(template):
    parameters = template["Parameters"]

    assert parameters["Mode"]["Default"] == "paper"
    assert parameters["AlpacaTradingUrl"]["Default"] == "https://paper-api.alpaca.markets"
    assert "LiveMoneyIsDeliberate" in template["Rules"]


def test_the_dashboard_is_json(of_type):
    body = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]

    assert json.loads(body)["widgets"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_is_deployed_is_what_was_built(environment):
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]
    built, deployed = (
        dict(each.split("=") for each in settings[command]["parameters"]["parameter_overrides"].split())
        for command in ("build", "deploy")
    )

    assert built["Architecture"] == deployed["Architecture"]
    assert not settings["build"]["parameters"]["cached"]  # see samconfig.toml


@pytest.mark.parametrize(("policy", "kept"), [(None, 0), ("Retain", 1)], ids=["as it is", "as it was"])
def test_c15_a_first_deployment_that_fails_leaves_no_table_behind(aws, template, policy, kept):
    table = template["Resources"]["SignalTable"]
    fails = {"Type": "AWS::SQS::Queue", "DependsOn": "SignalTable", "Properties": {"VisibilityTimeout": 999_999}}
    body = {name: template[name] for name in ("Parameters", "Conditions")}
    body["Resources"] = {"SignalTable": table | ({"DeletionPolicy": policy} if policy else {}), "Fails": fails}
    cloudformation, name = aws.client("cloudformation"), f"fails-{policy}".lower()
    before = len(aws.client("dynamodb").list_tables()["TableNames"])

    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 5_000}
        )

    assert len(aws.client("dynamodb").list_tables()["TableNames"]) == before + kept
