"""Each function's permissions against the AWS calls that it makes: nothing missing, nothing unused."""

import json
import re

import pytest

from tests.deployment.session import ACCOUNTS, FUNCTIONS, trace_of

# Lambda's event source mapping polls with the function's role.
POLLED = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
SOURCES = {f"Execute{name}Function": f"{name}Queue" for name in ACCOUNTS.values()}


def listed(value):
    return value if isinstance(value, list) else [value]


def logical(resource):
    """Return the logical name behind an ARN: a resource, an index of the table, or a parameter's parameter."""
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn"
        return name
    text = resource["Fn::Sub"]
    if found := re.fullmatch(r"\$\{(\w+)\.Arn\}(/index/\w+)", text):
        return "".join(found.groups())
    (parameter,) = re.findall(r":parameter\$\{(\w+)\}$", text)
    return parameter


def granted(role):
    statements = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    assert all(each["Effect"] == "Allow" and "Condition" not in each for each in statements)
    return {
        (action, logical(resource))
        for each in statements
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_what_it_does_and_nothing_else(of_type, session, name):
    polled = {(action, SOURCES[name]) for action in POLLED} if name in SOURCES else set()

    assert granted(of_type("AWS::IAM::Role")[f"{name}Role"]) == session.used(name) | polled


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_traced_and_may_put_its_segments(of_type, name):
    """Segments have no resource that a policy could name: AWS's own policy is as narrow as one of ours."""
    function, role = of_type("AWS::Lambda::Function")[name], of_type("AWS::IAM::Role")[f"{name}Role"]

    assert function["TracingConfig"] == {"Mode": "Active"}
    assert "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess" in role["ManagedPolicyArns"]


def test_a_function_that_is_traced_says_so_in_every_line_and_hands_the_trace_on(session):
    roots = {name: trace_of(name)["_X_AMZN_TRACE_ID"] for name in FUNCTIONS}
    logged = [(name, line["xray_trace_id"]) for name, line in session.lines if "_aws" not in line]

    assert {name for name, _ in logged} == set(FUNCTIONS)
    assert all(roots[name].startswith(f"Root={root};") for name, root in logged)
    assert {"SendMessageBatch", "TransactWriteItems"} <= session.traced.keys()
    assert set().union(*session.traced.values()) == set(roots.values())


def test_c20_every_line_of_every_function_names_its_request(session):
    logged = {
        request_id: {line["request_id"] for line in lines} for request_id, lines in session.of_request.items()
    }

    assert {request_id.partition("-")[0] for request_id, named in logged.items() if named} == set(FUNCTIONS)
    assert all(named <= {request_id} for request_id, named in logged.items())


def test_every_function_has_been_run(of_type, session):
    assert set(FUNCTIONS) == of_type("AWS::Lambda::Function").keys()
    assert {name for name, _, _ in session.calls} == set(FUNCTIONS)


def test_what_a_schedule_may_do_is_invoke_its_function(of_type):
    for schedule in of_type("AWS::Scheduler::Schedule").values():
        target = schedule["Target"]
        (role,) = target["RoleArn"]["Fn::GetAtt"][:1]
        (policy,) = of_type("AWS::IAM::Role")[role]["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]

        assert statement == {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": target["Arn"]}


def test_topic_and_queues_take_nothing_unencrypted_and_the_topic_only_alarms(of_type):
    (policy,) = of_type("AWS::SNS::TopicPolicy").values()
    allowed, denied = policy["PolicyDocument"]["Statement"]

    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    assert (allowed["Effect"], allowed["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert "KmsMasterKeyId" in json.dumps(of_type("AWS::SNS::Topic")["AlarmTopic"])
