"""Who may ask the API, and what no role may reach."""

import json

import pytest

from tests.deployment.logical_ids import OF_AN_ACCOUNT, QUEUES, mentions
from tests.deployment.session import ACCOUNTS, FUNCTIONS
from tests.deployment.test_policies import granted

ROUTES = {
    ("get", "/health"),
    ("get", "/openapi.json"),
    ("get", "/api/v1/trading/status"),
    ("post", "/api/v1/trading/execute"),
    ("get", "/api/v1/signals"),
    ("get", "/api/v1/signals/{id}"),
    ("post", "/api/v1/trading/{executor}/{action}"),
}


def statements(role):
    return [each for policy in role.get("Policies", []) for each in policy["PolicyDocument"]["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


def test_a35_every_route_asks_for_a_signed_request(of_type):
    (api,) = of_type("AWS::ApiGatewayV2::Api").values()
    security = {
        (method, path): operation["security"]
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    }

    assert security.keys() == ROUTES
    assert all(each == [{"AWS_IAM": []}] for each in security.values())


def test_a35_the_api_may_read_write_and_send_and_can_reach_no_broker(of_type):
    assert granted(of_type("AWS::IAM::Role")["ApiFunctionRole"]) == {
        *((f"dynamodb:{action}", "SignalTable") for action in ("GetItem", "PutItem", "Query", "UpdateItem")),
        *(("dynamodb:Query", f"SignalTable/index/{name}") for name in ("by_time", "open_executions")),
        *(("sqs:SendMessage", queue) for queue in QUEUES),
        *((f"logs:{action}", "ApiLogGroup") for action in ("CreateLogStream", "PutLogEvents")),
    }


def test_no_role_is_given_an_open_action_or_resource(of_type):
    for name, role in of_type("AWS::IAM::Role").items():
        for statement in statements(role):
            assert not [each for each in listed(statement["Action"]) if "*" in each], name
            assert "*" not in json.dumps(statement["Resource"]), name


def test_no_managed_policy_is_attached_but_those_for_logs_traces_and_the_shift_of_traffic(of_type):
    attached = {
        name: {str(arn).rstrip("'}").rpartition("/")[2] for arn in role.get("ManagedPolicyArns", [])}
        for name, role in of_type("AWS::IAM::Role").items()
    }
    functions = {f"{name}Role": {"AWSXrayWriteOnlyAccess"} for name in FUNCTIONS}

    assert {name: found for name, found in attached.items() if found} == functions | {
        "CodeDeployServiceRole": {"AWSCodeDeployRoleForLambda"}
    }


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        (f"{name}Role", stranger)
        for name, executor in OF_AN_ACCOUNT
        for stranger in ACCOUNTS.values()
        if stranger != ACCOUNTS[executor]
    ],
)
def test_an_account_can_reach_neither_queue_nor_credentials_of_another(of_type, name, stranger):
    granted = statements(of_type("AWS::IAM::Role")[name])

    for each in (f"{stranger}Queue", f"{stranger}DeadLetterQueue", f"CredentialsParameter{stranger}"):
        assert not mentions(granted, each)
