"""What is known of a deployment: each part is read when a check first asks; a missing one hides no other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.domain.metrics import Metric
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.environment import load_configuration
from argo.observability import NAMESPACE
from console.deployment import Deployment, deployment_of
from console.doctor import deployed_code
from console.doctor.account_facts import RESTORE, AccountFacts, DeployedAccountFacts
from console.doctor.attempts import NotKnown, attempt, fact, is_missing, known
from console.stacks import Clients, Stack, aws_clients, read_stack, regions_with
from worlds.embedded_aws import EmbeddedAws
from worlds.paths import LAST_RUN

HEARTBEAT = timedelta(minutes=5)
"""What the alarms wait for too."""

_ALIAS = "Aliaslive"
"""What SAM appends to a function's logical id for its alias."""

_PARTS_OF_AN_ARN = 7


class Identity(NamedTuple):
    """Who asks AWS, and where; ``ahead`` is how far AWS's clock is before this machine's, to a second."""

    arn: str
    region: str
    ahead: timedelta


class FunctionFacts(BaseModel):
    """A function as Lambda describes it; its variables name parameters and addresses, and hold no secret."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal)

    function_name: str
    function_arn: str
    state: str = "Active"
    last_update_status: str = "Successful"
    last_modified: str
    runtime: str = ""
    timeout: timedelta
    reserved: int | None
    code_sha256: str
    code_url: str = Field(repr=False)
    layers: Sequence[Mapping[str, Any]] = ()
    environment: Mapping[str, Mapping[str, str]] = {}

    @property
    def variables(self) -> Mapping[str, str]:
        return self.environment.get("Variables", {})

    def is_called_by(self, arn: str) -> bool:
        """Tell whether an ARN is this function's, or one of its aliases'."""
        mine, other = (each.split(":")[:_PARTS_OF_AN_ARN] for each in (self.function_arn, arn))
        return mine == other


class Facts:
    """What every deployment has."""

    selection: str
    """How another command names this one."""

    recoverable: bool | None = None
    """Whether the table can be restored to a point in time; None on an emulator."""

    deployment: Deployment

    def __init__(self, configuration_file: Path, clients: Clients) -> None:
        self.configuration_file = configuration_file
        self.clients = clients
        self.clock = SystemClock()
        self.now = self.clock.now()

    @fact("argo.toml", missing="mend {0.configuration_file}, then make deploy")
    def configuration(self) -> Configuration:
        """argo.toml of this checkout."""
        return load_configuration(self.configuration_file)

    @fact("table", missing=RESTORE)
    def table(self) -> Mapping[str, Any]:
        """The ledger's table as AWS describes it."""
        name = self.deployment.resources.table
        described: Mapping[str, Any] = self.clients("dynamodb").describe_table(TableName=name)["Table"]
        return described


class RunFacts(Facts):
    """A local run: its ledger and its queues."""

    recreate = "begin a new run: argo run"
    """What brings back a resource that is gone."""

    def __init__(self, directory: Path, deployment: Deployment, configuration_file: Path) -> None:
        """Look at what a run in ``directory`` has kept."""
        endpoint = deployment.adapters.environment.variables["AWS_ENDPOINT_URL"]
        super().__init__(configuration_file, EmbeddedAws(endpoint).client)
        self.selection = "" if directory == LAST_RUN else f" --state {directory}"
        self.deployment = deployment
        self.accounts = {executor: AccountFacts(self, executor) for executor in deployment.executors}


class StackFacts(Facts):
    """A deployed stack."""

    def __init__(self, name: str, configuration_file: Path) -> None:
        """Look at the stack ``name``, by the machine's own AWS settings."""
        super().__init__(configuration_file, aws_clients())
        self.name = name
        self.selection = f" --stack {name}"

    @fact("AWS")
    def identity(self) -> Identity:
        """Who asks, and AWS's clock beside it."""
        sts = self.clients("sts")
        before = self.clock.now()
        answer = sts.get_caller_identity()
        asked_at = before + (self.clock.now() - before) / 2
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        # The header has whole seconds: on average half a one is missing.
        told_at = parsedate_to_datetime(said) + timedelta(seconds=0.5) if said else asked_at
        return Identity(answer["Arn"], sts.meta.region_name, told_at - asked_at)

    @fact("stack {0.name}")
    def stack(self) -> Stack:
        """What CloudFormation says of it; where it is not here, where it is."""
        _ = self.identity
        try:
            return read_stack(self.clients, self.name)
        except ClientError as error:
            if not is_missing(error):
                raise
            if regions := regions_with(self.name):
                cure = f"take its region: export AWS_REGION={regions[0]}"
            else:
                cure = (
                    "it is in no other region that this identity sees: deploy it with make deploy, or take the "
                    "right account: export AWS_PROFILE=NAME"
                )
            raise NotKnown(f"stack {self.name}", str(error), cure) from error

    @property
    def recreate(self) -> str:
        """What brings back a resource that somebody deleted or changed by hand; a deployment alone does not."""
        return (
            f"bring it back: aws cloudformation create-change-set --stack-name {self.stack.name} "
            "--change-set-name revert --deployment-mode REVERT_DRIFT --use-previous-template "
            "--capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND, then execute-change-set"
        )

    @fact("deployment")
    def deployment(self) -> Deployment:
        return deployment_of(self.stack)

    @fact("deployed code")
    def differing_files(self) -> Sequence[str]:
        """The files of which something else is deployed than this checkout has."""
        sources = deployed_code.sources()
        found = {name: each for name, each in self.functions.items() if isinstance(each, FunctionFacts)}
        # The accounts' functions share their archive.
        archives = {
            each.code_sha256: (each.code_url, sources[name]) for name, each in found.items() if name in sources
        }
        for arn in {layer["Arn"] for each in found.values() for layer in each.layers}:
            content = self.clients("lambda").get_layer_version_by_arn(Arn=arn)["Content"]
            archives[arn] = content["Location"], deployed_code.LAYER
        return sorted(
            {name for url, source in archives.values() for name in deployed_code.differing_files(url, source)}
        )

    @fact("deployed code")
    def differing_resources(self) -> Sequence[str]:
        """The template's parts of which something else is deployed than this checkout has."""
        template = self.clients("cloudformation").get_template(StackName=self.stack.name, TemplateStage="Original")
        return deployed_code.differing_resources(template["TemplateBody"])

    @fact("table", missing=RESTORE)
    def recoverable(self) -> bool | None:
        """Whether the table can be restored to a point in time; None on an emulator."""
        if self.stack.is_local:
            return None
        answer = self.clients("dynamodb").describe_continuous_backups(TableName=self.stack.table)
        recovery: Mapping[str, str] = answer["ContinuousBackupsDescription"].get(
            "PointInTimeRecoveryDescription", {}
        )
        return recovery.get("PointInTimeRecoveryStatus") == "ENABLED"

    @fact("functions")
    def functions(self) -> Mapping[str, FunctionFacts | NotKnown]:
        """The stack's functions by logical id, as they are invoked: what the alias is at, if there is one."""
        aliases = self.stack.resources.get("AWS::Lambda::Alias", {})

        def read(logical_id: str, name: str) -> FunctionFacts:
            qualifier = {"Qualifier": "live"} if f"{logical_id}{_ALIAS}" in aliases else {}
            answer = self.clients("lambda").get_function(FunctionName=name, **qualifier)
            reserved = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions")
            others = {"Reserved": reserved, "CodeUrl": answer["Code"]["Location"]}
            return FunctionFacts.model_validate(answer["Configuration"] | others)

        return self._each("function", "AWS::Lambda::Function", read)

    def function(self, logical_id: str) -> FunctionFacts:
        """Return a function.

        Raises:
            NotKnown: it could not be read, or the stack lacks it.
        """
        missing = NotKnown(f"function {logical_id}", f"the stack has no {logical_id}", "deploy it: make deploy")
        return known(self.functions.get(logical_id, missing))

    @fact("schedules")
    def schedules(self) -> Mapping[str, Mapping[str, Any] | NotKnown]:
        """The stack's schedules as AWS describes them, by logical id."""

        def read(_: str, name: str) -> Mapping[str, Any]:
            return {**self.clients("scheduler").get_schedule(Name=name), "Name": name}

        return self._each("schedule", "AWS::Scheduler::Schedule", read)

    def _each[T](self, noun: str, kind: str, read: Callable[[str, str], T]) -> Mapping[str, T | NotKnown]:
        return {
            logical_id: attempt(f"{noun} {logical_id}", partial(read, logical_id, name), missing=self.recreate)
            for logical_id, name in self.stack.resources.get(kind, {}).items()
        }

    @fact("alarm topic")
    def subscribers(self) -> int:
        """How many hear of alarms: subscriptions that have been confirmed."""
        topic = self.stack.physical_id("AlarmTopic")
        pages = self.clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return sum(each["SubscriptionArn"].startswith("arn:") for page in pages for each in page["Subscriptions"])

    @fact("accounts")
    def accounts(self) -> Mapping[str, DeployedAccountFacts]:
        return {executor: DeployedAccountFacts(self, executor) for executor in self.deployment.executors}

    @fact("market data")
    def priced(self) -> frozenset[Symbol]:
        """Which of the watchlist's symbols the feed has a price of, asked as the generator asks it."""
        return next(iter(self.accounts.values())).priced

    @fact("generator's cycles")
    def cycles(self) -> int:
        """How often the generator has run in the last minutes, by the metric that its alarm looks at."""
        now = self.clock.now()
        found = self.clients("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=Metric.GENERATION_CYCLES,
            Dimensions=[{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": self.stack.mode}],
            StartTime=now - HEARTBEAT,
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return int(sum(point["Sum"] for point in found["Datapoints"]))

    @fact("generator's cycles")
    def last_signal(self) -> Signal | None:
        """The newest signal of the last days."""

        async def read() -> Signal | None:
            for day in self.deployment.days_from():
                if (page := await self.deployment.ledger.signals_of(day, limit=1)).items:
                    return page.items[0].signal
            return None

        return asyncio.run(read())
