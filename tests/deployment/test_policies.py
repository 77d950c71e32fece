"""Each function's permissions against the AWS calls that it makes: nothing missing, nothing unused."""

import json
import re
from fnmatch import fnmatchcase
from itertools import permutations

import pytest

from argo.adapters.aws.items import shift_key
from tests.deployment.session import ACCOUNTS, FUNCTIONS, trace_of

# Lambda's event source mapping polls with the function's role.
POLLED = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
SOURCES = {f"Execute{name}Function": f"{name}Queue" for name in ACCOUNTS.values()}

LOG_GROUPS = {name: f"{name.removesuffix('Function')}LogGroup" for name in FUNCTIONS}


def listed(value):
    return value if isinstance(value, list) else [value]


def logical(resource):
    """Return the logical name behind an ARN: a resource, the table or its index, or a parameter's parameter."""
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn"
        return name
    text = resource["Fn::Sub"]
    if isinstance(text, list):
        text, values = text
        assert values == {
            "Table": {"Fn::If": ["HasRestoredTable", {"Ref": "RestoredTable"}, {"Ref": "SignalTable"}]}
        }
        arn, index = re.fullmatch(r"(.*):table/\$\{Table\}(/index/\w+)?", text).groups()
        assert arn == "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}"
        return f"SignalTable{index or ''}"
    (parameter,) = re.findall(r":parameter\$\{(\w+)\}$", text)
    return parameter


def statements(role):
    found = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    assert all(each["Effect"] == "Allow" for each in found)
    return found


def granted(role):
    return {
        (action, logical(resource))
        for each in statements(role)
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def may(role, action, resource, partition):
    """Tell as IAM would whether a request about one partition is granted: the first statement that admits it."""
    return any(
        action in listed(each["Action"])
        and resource in map(logical, listed(each["Resource"]))
        and _is_among(partition, each.get("Condition"))
        for each in statements(role)
    )


def _is_among(partition, condition):
    if condition is None:
        return True
    ((operator, keys),) = condition.items()
    assert (operator, list(keys)) == ("ForAllValues:StringLike", ["dynamodb:LeadingKeys"])
    return any(fnmatchcase(partition, pattern) for pattern in keys["dynamodb:LeadingKeys"])


@pytest.fixture
def role_of(of_type):
    return lambda name: of_type("AWS::IAM::Role")[f"{name}Role"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_c86_a_function_may_do_what_it_does_and_nothing_else(role_of, session, name):
    polled = {(action, SOURCES[name]) for action in POLLED} if name in SOURCES else set()
    told = {(f"logs:{action}", LOG_GROUPS[name]) for action in ("CreateLogStream", "PutLogEvents")}

    assert granted(role_of(name)) == session.used(name) | polled | told


@pytest.mark.parametrize("name", FUNCTIONS)
def test_c86_every_request_that_a_function_makes_is_about_partitions_that_it_may_touch(role_of, session, name):
    asked = {tuple(rest) for function, *rest in session.partitions if function == name}

    assert asked
    assert [each for each in sorted(asked) if not may(role_of(name), *each)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_c86_a_function_writes_to_its_own_log_group_and_no_other(of_type, role_of, name):
    """The policy that SAM would attach by itself is for every log group of the AWS account."""
    role, function = role_of(name), of_type("AWS::Lambda::Function")[name]

    assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": LOG_GROUPS[name]}
    assert "AWSLambdaBasicExecutionRole" not in json.dumps(role)
    assert '"*"' not in json.dumps(role)
    assert {resource for action, resource in granted(role) if action.startswith("logs:")} == {LOG_GROUPS[name]}


@pytest.mark.parametrize("action", ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"])
@pytest.mark.parametrize("work", ["Execute", "Reconcile"])
@pytest.mark.parametrize(("mine", "other"), list(permutations(ACCOUNTS, 2)))
def test_c86_an_accounts_functions_touch_no_other_accounts_state_locks_and_lists(
    role_of, action, work, mine, other
):
    role, action = role_of(f"{work}{ACCOUNTS[mine]}Function"), f"dynamodb:{action}"

    assert may(role, action, "SignalTable", f"ACCOUNT#{mine}")
    for partition in (f"ACCOUNT#{other}", f"ACCOUNT#{mine}_2", "ACCOUNT#*"):
        assert not may(role, action, "SignalTable", partition)
    for index, partition in (
        ("open_executions", f"EXECUTOR#{other}"),
        ("open_executions", f"EXECUTOR#{mine}_2"),
        ("by_time", f"EXECUTIONS#{other}#2026-11-30"),
        ("by_time", f"EXECUTIONS#{mine}_2#2026-11-30"),
    ):
        assert not may(role, action, f"SignalTable/index/{index}", partition)


def test_c86_the_generator_may_hand_over_its_shift(role_of):
    partition = shift_key("0/1")["PK"]["S"]

    for action in ("GetItem", "UpdateItem"):
        assert may(role_of("GenerateFunction"), f"dynamodb:{action}", "SignalTable", partition)


def test_c86_the_generator_changes_no_account(role_of):
    for action in ("PutItem", "UpdateItem", "DeleteItem"):
        assert not may(role_of("GenerateFunction"), f"dynamodb:{action}", "SignalTable", "ACCOUNT#argo")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_traced_and_may_put_its_segments(of_type, name):
    """Segments have no resource that a policy could name: AWS's own policy is as narrow as one of ours."""
    function, role = of_type("AWS::Lambda::Function")[name], of_type("AWS::IAM::Role")[f"{name}Role"]

    assert function["TracingConfig"] == {"Mode": "Active"}
    assert role["ManagedPolicyArns"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXrayWriteOnlyAccess"}
    ]


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
