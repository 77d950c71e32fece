"""What is known of a deployed stack, as AWS says it."""

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from argo.adapters.wiring import Adapters
from argo.domain.ledger import StoredSignal
from argo.domain.metrics import Metric
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.observability import NAMESPACE
from console.deployment import last_days
from console.doctor import deployed_code
from console.doctor.account_facts import RESTORE, DeployedAccountFacts, adapters_with, revert_drift
from console.doctor.attempts import attempt
from console.doctor.facts import Difference, Facts, Heartbeat, Identity, TableFacts, table_facts
from console.doctor.finding import NotKnown, known
from console.doctor.functions import FunctionFacts, function_in, read_function
from console.stacks import Stack, aws_clients, read_stack, regions_with

HEARTBEAT = timedelta(minutes=5)
"""What the alarms wait for too."""

_ALIAS = "Aliaslive"
"""What SAM appends to a function's logical id for its alias."""


class StackFacts(Facts):
    """A deployed stack."""

    def __init__(self, name: str, configuration_file: Path) -> None:
        """Look at the stack ``name``, by the machine's own AWS settings."""
        super().__init__(f" --stack {name}", configuration_file, aws_clients())
        self._name = name

    @cached_property
    def identity(self) -> Identity | NotKnown:
        """Who asks, and AWS's clock beside it."""

        def read() -> Identity:
            sts = self.clients("sts")
            before = self.clock.now()
            answer = sts.get_caller_identity()
            asked_at = before + (self.clock.now() - before) / 2
            said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
            # The header has whole seconds: on average half a one is missing.
            told_at = parsedate_to_datetime(said) + timedelta(seconds=0.5) if said else asked_at
            return Identity(answer["Arn"], answer["Account"], sts.meta.region_name, told_at - asked_at)

        return attempt("AWS", read)

    @cached_property
    def stack(self) -> Stack | NotKnown:
        """What CloudFormation says of it; where it is not here, where it is."""

        def read() -> Stack:
            known(self.identity)
            return read_stack(self.clients, self._name)

        return attempt(f"stack {self._name}", read, missing=self._elsewhere)

    def _elsewhere(self) -> str:
        if regions := regions_with(self._name):
            return f"take its region: export AWS_REGION={regions[0]}"
        return (
            "it is in no other region that this identity sees: deploy it with make deploy, or take the right "
            "account: export AWS_PROFILE=NAME"
        )

    @cached_property
    def recreate(self) -> str:
        """What brings back a resource that is gone."""
        return revert_drift(known(self.stack))

    @cached_property
    def difference(self) -> Difference | NotKnown:
        """What is deployed, compared with this checkout."""

        def read() -> Difference:
            stack, functions = known(self.stack), known(self.functions)
            template = self.clients("cloudformation").get_template(StackName=stack.name, TemplateStage="Original")
            found = {name: each for name, each in functions.items() if not isinstance(each, NotKnown)}
            sources = deployed_code.sources()
            # The accounts' functions share their archive.
            archives = {each.code_sha256: (each, sources[name]) for name, each in found.items() if name in sources}
            files: set[str] = set()
            try:
                for layer in {layer for each in found.values() for layer in each.layers}:
                    content = self.clients("lambda").get_layer_version_by_arn(Arn=layer)["Content"]
                    files |= deployed_code.layer_files(content["Location"])
                for each, where in archives.values():
                    files |= deployed_code.function_files(each.code_url, *where)
            except deployed_code.CodeUnreadable as error:
                raise ConfigurationError(f"the deployed archives can't be read: {error}") from error
            return Difference(sorted(files), deployed_code.differing_resources(template["TemplateBody"]))

        return attempt("deployed code", read)

    @cached_property
    def table(self) -> TableFacts | NotKnown:
        """The ledger's table."""

        def read() -> TableFacts:
            stack = known(self.stack)
            return table_facts(self.clients, stack.table, recovery=not stack.is_local)

        return attempt("table", read, missing=RESTORE)

    @cached_property
    def functions(self) -> Mapping[str, FunctionFacts | NotKnown] | NotKnown:
        """The stack's functions by logical id, as they are invoked: what the alias is at, if there is one."""

        def read(name: str, by_alias: bool) -> FunctionFacts:
            qualifier = {"Qualifier": "live"} if by_alias else {}
            return read_function(name, self.clients("lambda").get_function(FunctionName=name, **qualifier))

        def read_all() -> dict[str, FunctionFacts | NotKnown]:
            stack = known(self.stack)
            return {
                each.logical_id: attempt(
                    f"function {each.logical_id}",
                    partial(read, each.physical_id, f"{each.logical_id}{_ALIAS}" in stack.resources),
                    missing=self.recreate,
                )
                for each in stack.of_kind("AWS::Lambda::Function")
            }

        return attempt("functions", read_all)

    @cached_property
    def schedules(self) -> Mapping[str, Mapping[str, Any] | NotKnown] | NotKnown:
        """The stack's schedules as AWS describes them, by logical id."""

        def read(name: str) -> Mapping[str, Any]:
            found: Mapping[str, Any] = self.clients("scheduler").get_schedule(Name=name)
            return {**found, "Name": name}

        def read_all() -> dict[str, Mapping[str, Any] | NotKnown]:
            return {
                each.logical_id: attempt(
                    f"schedule {each.logical_id}", partial(read, each.physical_id), missing=self.recreate
                )
                for each in known(self.stack).of_kind("AWS::Scheduler::Schedule")
            }

        return attempt("schedules", read_all)

    @cached_property
    def subscribers(self) -> int | NotKnown:
        """How many hear of alarms: subscriptions that have been confirmed."""

        def read() -> int:
            topic = known(self.stack).physical_id("AlarmTopic")
            pages = self.clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
            return sum(arn.startswith("arn:") for arn in arns)

        return attempt("alarm topic", read)

    @cached_property
    def accounts(self) -> Mapping[str, DeployedAccountFacts] | NotKnown:
        """Every account that has a queue."""

        def read() -> dict[str, DeployedAccountFacts]:
            stack, functions, adapters = known(self.stack), known(self.functions), self._adapters()
            return {
                executor: DeployedAccountFacts(self.clients, executor, adapters, stack=stack, functions=functions)
                for executor in stack.executors
            }

        return attempt("accounts", read)

    @cached_property
    def priced(self) -> frozenset[Symbol] | NotKnown:
        """Which of the watchlist's symbols the feed has a price of; asked as the generator asks it."""
        first = attempt("market data", lambda: next(iter(known(self.accounts).values())))

        def read() -> frozenset[Symbol]:
            configuration, account = known(self.configuration), known(first)
            variables = known(function_in(known(self.functions), "GenerateFunction")).variables
            known(account.address)
            adapters = adapters_with(known(account.key), variables, feed=configuration.generation.feed)
            return frozenset(asyncio.run(adapters.market_data.latest_prices(configuration.watchlist)))

        new_key = "" if isinstance(first, NotKnown) else first.new_key
        return attempt("market data", read, new_key=new_key)

    @cached_property
    def heartbeat(self) -> Heartbeat | NotKnown:
        """Whether the generator runs, by the metric that its alarm looks at, and what it said last."""

        async def last_signal() -> StoredSignal | None:
            ledger = self._adapters().ledger
            for day in last_days():
                if (page := await ledger.signals_of(day, limit=1)).items:
                    return page.items[0]
            return None

        def read() -> Heartbeat:
            now, mode = self.clock.now(), known(self.stack).mode
            found = self.clients("cloudwatch").get_metric_statistics(
                Namespace=NAMESPACE,
                MetricName=Metric.GENERATION_CYCLES,
                Dimensions=[{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": mode}],
                StartTime=now - HEARTBEAT,
                EndTime=now + timedelta(minutes=1),
                Period=60,
                Statistics=["Sum"],
            )
            cycles = int(sum(point["Sum"] for point in found["Datapoints"]))
            return Heartbeat(cycles, asyncio.run(last_signal()))

        return attempt("generator's cycles", read)

    def _adapters(self) -> Adapters:
        stack = known(self.stack)
        variables = {"ARGO_TABLE_NAME": stack.table, "ARGO_MODE": stack.mode}
        return Adapters(Environment({**os.environ, **variables}), self.clock)
