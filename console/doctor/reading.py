"""Reads what AWS says of a deployment: each fact on its own, so that one that is missing hides no other."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from argo.domain.metrics import Metric
from argo.domain.tables import ConfigurationError
from argo.observability import NAMESPACE
from argo.ports import Clock
from console.credential_rules import problem_of, read_secret
from console.doctor import deployed_code
from console.doctor.aws_errors import attempt, is_missing
from console.doctor.facts import (
    Difference,
    FunctionFacts,
    Identity,
    MappingFacts,
    QueueFacts,
    ScheduleFacts,
    StoredKey,
    TableFacts,
)
from console.doctor.finding import Unread, known
from console.stacks import Clients, Stack, logical_name, read_stack, regions_with
from worlds.paths import TEMPLATE

HEARTBEAT = timedelta(minutes=5)
"""What the alarms wait for too."""

_ALIAS = "Aliaslive"
"""What SAM appends to a function's logical id for its alias."""

_PARTS_OF_AN_ARN = 7


@dataclass(frozen=True, slots=True)
class AwsReader:
    """Asks AWS; every method raises what boto3 raises, and `attempt` says what that means."""

    clients: Clients
    clock: Clock

    def identity(self) -> Identity:
        """Read who asks, and AWS's clock beside it."""
        sts = self.clients("sts")
        before = self.clock.now()
        answer = sts.get_caller_identity()
        asked_at = before + (self.clock.now() - before) / 2
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        # The header has whole seconds: on average half a one is missing.
        told_at = parsedate_to_datetime(said) + timedelta(seconds=0.5) if said else asked_at
        return Identity(answer["Arn"], answer["Account"], sts.meta.region_name, told_at - asked_at)

    def stack(self, name: str) -> Stack | Unread:
        """Read a stack; where it is not here, say where it is."""

        def missing() -> str:
            if regions := regions_with(name):
                return f"take its region: export AWS_REGION={regions[0]}"
            return (
                "it is in no other region that this identity sees: deploy it with make deploy, or take the right "
                "account: export AWS_PROFILE=NAME"
            )

        try:
            return read_stack(self.clients, name)
        except (BotoCoreError, ClientError) as error:
            cure = missing() if isinstance(error, ClientError) and is_missing(error) else ""
            return attempt(f"stack {name}", _raiser(error), missing=cure)

    def difference(self, stack: Stack, functions: Mapping[str, FunctionFacts | Unread]) -> Difference:
        """Compare what is deployed with this checkout."""
        template = self.clients("cloudformation").get_template(StackName=stack.name, TemplateStage="Original")
        found = {logical: each for logical, each in functions.items() if isinstance(each, FunctionFacts)}
        layers = {layer for each in found.values() for layer in each.layers}
        lambda_ = self.clients("lambda")
        files: set[str] = set()
        try:
            for layer in layers:
                content = lambda_.get_layer_version_by_arn(Arn=layer)["Content"]
                files |= deployed_code.layer_files(content["Location"])
            for each, where in _archives(found).values():
                files |= deployed_code.function_files(each.code_url, *where)
        except deployed_code.CodeUnreadable as error:
            raise ConfigurationError(f"the deployed archives can't be read: {error}") from error
        return Difference(sorted(files), deployed_code.differing_resources(template["TemplateBody"]))

    def table(self, name: str, *, recovery: bool) -> TableFacts:
        """Read the ledger's table."""
        dynamodb = self.clients("dynamodb")
        table = dynamodb.describe_table(TableName=name)["Table"]
        recoverable = None
        if recovery:
            backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
            said = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
            recoverable = said == "ENABLED"
        return TableFacts(
            name=name,
            status=table["TableStatus"],
            indexes={
                each["IndexName"]: each.get("IndexStatus", "ACTIVE")
                for each in table.get("GlobalSecondaryIndexes", [])
            },
            protected=table.get("DeletionProtectionEnabled", False),
            recoverable=recoverable,
        )

    def functions(self, stack: Stack) -> dict[str, FunctionFacts | Unread]:
        """Read the stack's functions by logical id, as they are invoked: what the alias is at, if there is one."""
        cure = revert_drift(stack)
        return {
            each.logical_id: attempt(
                f"function {each.logical_id}",
                partial(self._function, each.physical_id, f"{each.logical_id}{_ALIAS}" in stack.resources),
                missing=cure,
            )
            for each in stack.resources.values()
            if each.kind == "AWS::Lambda::Function"
        }

    def _function(self, name: str, by_alias: bool) -> FunctionFacts:
        qualifier = {"Qualifier": "live"} if by_alias else {}
        answer = self.clients("lambda").get_function(FunctionName=name, **qualifier)
        configuration = answer["Configuration"]
        return FunctionFacts(
            name=name,
            arn=":".join(configuration["FunctionArn"].split(":")[:_PARTS_OF_AN_ARN]),
            state=configuration.get("State", "Active"),
            last_update=configuration.get("LastUpdateStatus", "Successful"),
            modified_at=configuration["LastModified"][:16].replace("T", " "),
            runtime=configuration.get("Runtime", ""),
            timeout=timedelta(seconds=configuration["Timeout"]),
            reserved=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            code_sha256=configuration["CodeSha256"],
            code_url=answer["Code"]["Location"],
            layers=[layer["Arn"] for layer in configuration.get("Layers", [])],
            variables=configuration.get("Environment", {}).get("Variables", {}),
        )

    def queue(self, url: str, dead_letter_url: str) -> QueueFacts:
        """Read an account's two queues."""
        sqs = self.clients("sqs")
        live = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        dead = sqs.get_queue_attributes(QueueUrl=dead_letter_url, AttributeNames=["QueueArn"])["Attributes"]
        return QueueFacts(
            url=url,
            visibility=timedelta(seconds=int(live["VisibilityTimeout"])),
            redrives_to=json.loads(live.get("RedrivePolicy", "{}")).get("deadLetterTargetArn"),
            dead_letter_url=dead_letter_url,
            dead_letter_arn=dead["QueueArn"],
            waiting=int(live["ApproximateNumberOfMessages"]),
        )

    def mapping(self, stack: Stack, executor: str) -> MappingFacts:
        """Read what carries an account's queue to its function."""
        found = self.clients("lambda").get_event_source_mapping(
            UUID=_physical_id(stack, f"Execute{logical_name(executor)}Source")
        )
        return MappingFacts(
            found["UUID"], found["State"], found["FunctionArn"], found.get("FunctionResponseTypes", [])
        )

    def schedules(self, stack: Stack) -> dict[str, ScheduleFacts | Unread]:
        """Read the stack's schedules, by logical id."""
        cure = revert_drift(stack)
        return {
            each.logical_id: attempt(
                f"schedule {each.logical_id}", partial(self._schedule, each.physical_id), missing=cure
            )
            for each in stack.resources.values()
            if each.kind == "AWS::Scheduler::Schedule"
        }

    def _schedule(self, name: str) -> ScheduleFacts:
        found = self.clients("scheduler").get_schedule(Name=name)
        return ScheduleFacts(name, found["State"], found["ScheduleExpression"], found["Target"]["Arn"])

    def subscribers(self, stack: Stack) -> int:
        """Count who hears of alarms: subscriptions that have been confirmed."""
        topic = _physical_id(stack, "AlarmTopic")
        pages = self.clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
        return sum(arn.startswith("arn:") for arn in arns)

    def key(self, parameter: str) -> StoredKey:
        """Read an account's key.

        Raises:
            ConfigurationError: the parameter holds no key; its value is not told.
        """
        found = self.clients("ssm").get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
        credentials = read_secret(parameter, found["Value"])
        if problem := problem_of(credentials):
            raise ConfigurationError(f"parameter {parameter}: {problem}")
        return StoredKey(parameter, found["Type"], credentials)

    def cycles(self, mode: str) -> int:
        """Count the generator's cycles of the last minutes, by the metric that its alarm looks at."""
        now = self.clock.now()
        found = self.clients("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=Metric.GENERATION_CYCLES,
            Dimensions=[{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": mode}],
            StartTime=now - HEARTBEAT,
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return int(sum(point["Sum"] for point in found["Datapoints"]))


def variables_of(functions: Mapping[str, FunctionFacts | Unread], logical_id: str) -> Mapping[str, str]:
    """Return a function's variables.

    Raises:
        NotKnown: it could not be read.
    """
    missing = Unread(f"function {logical_id}", f"the stack has no {logical_id}", "deploy it: make deploy")
    return known(functions.get(logical_id, missing)).variables


def revert_drift(stack: Stack) -> str:
    """Return what brings back a resource that somebody deleted or changed by hand; a deployment alone does not."""
    return (
        f"bring it back: aws cloudformation create-change-set --stack-name {stack.name} --change-set-name revert "
        "--deployment-mode REVERT_DRIFT --use-previous-template --capabilities CAPABILITY_IAM "
        "CAPABILITY_AUTO_EXPAND, then execute-change-set"
    )


def _physical_id(stack: Stack, logical_id: str) -> str:
    if logical_id not in stack.resources:
        raise ConfigurationError(f"stack {stack.name} has no {logical_id}: {TEMPLATE.name} of this checkout has")
    return stack.resources[logical_id].physical_id


def _archives(
    functions: Mapping[str, FunctionFacts],
) -> dict[str, tuple[FunctionFacts, deployed_code.Source]]:
    """Return every archive once: the accounts' functions share theirs."""
    where = deployed_code.sources()
    return {each.code_sha256: (each, where[logical]) for logical, each in functions.items() if logical in where}


def _raiser(error: Exception) -> Callable[[], Any]:
    def again() -> Any:  # noqa: ANN401 - it never returns
        raise error

    return again
