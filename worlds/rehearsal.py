"""`make deploy-local`: the whole stack deployed for real onto embedded AWS, and made to work there.

SAM's own command line deploys what `sam build` has built; from then on everything goes by itself: the schedule
ticks, the functions run as processes of the emulator, the event source mappings deliver. What the emulator cannot
carry (alarms with metric math, saved queries, routes of the HTTP API, what a dashboard draws, EMF records becoming
metrics, a rollout by tenths) stands behind the template's condition `IsNotLocal`, is off by its parameter, or is
not looked at here: tests/deployment has it, on the transformed template.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import typer

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.execution import Execution
from argo.environment import Environment, load_configuration
from argo.records import of_window
from worlds.containers import ARCHITECTURE, SAMPLE_CONFIGURATION, Served, served, traded_market
from worlds.embedded_aws import KEYS
from worlds.paths import CONFIGURATION, LOOPBACK, PROJECT, TEMPLATE
from worlds.template import read_template

BUILT = PROJECT / ".aws-sam" / "build" / "template.yaml"
STACK = "argo-rehearsal"
ALIAS = "live"
"""What the template's functions are invoked by."""

_ORDER_SECONDS = 150.0
"""A tick comes within a minute, the first invocations start cold and side by side."""

_SOON_SECONDS = 60.0
_LOOK_EVERY = 0.5
_WINDOW = timedelta(minutes=10)


class RehearsalError(Exception):
    """Something did not happen; the message says what, and what was seen instead."""


class Rehearsal:
    """A deployed stack on a running emulator; what is done or checked here returns what was seen."""

    def __init__(self, running: Served) -> None:
        self._running = running
        self._client = running.aws.client
        self._outputs: dict[str, str] = {}

    def deploy(self, **parameters: str) -> None:
        broker = self._running.broker.url
        overrides = {
            "Architecture": ARCHITECTURE,
            "Mode": "simulated",
            "LocalEndpointUrl": self._running.aws.url,
            "AlpacaTradingUrl": broker,
            "AlpacaDataUrl": broker,
            # The emulator unpacks layers into a directory of its own.
            "ConfigPath": str(SAMPLE_CONFIGURATION),
        } | parameters
        self._sam(
            *("deploy", "--template-file", str(BUILT), "--capabilities", "CAPABILITY_IAM", "--resolve-s3"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--parameter-overrides"),
            *(f"{name}={value}" for name, value in overrides.items()),
        )
        stack = self._client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        self._outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def trade_by_itself(self) -> str:
        """Wait until the schedule's own signal has an order at every account, and the broker has those orders."""
        accounts = self._running.broker.server.broker.accounts

        def orders() -> dict[str, str] | None:
            found = {e.executor: e.order_id for e in self._executions() if e.order_id}
            return found if len(found) == len(accounts) else None

        placed = _until(orders, "an order id at every account", _ORDER_SECONDS)
        books = self._running.broker.call(lambda: {order for each in accounts.values() for order in each.orders})
        if not set(placed.values()) <= books:
            raise RehearsalError(f"the ledger's orders {placed} are not the broker's")
        return f"the schedule's signal became orders: {placed}"

    def poison(self) -> str:
        """Wait until a message that is no signal lies in the dead-letter queue with its reason."""
        sqs = self._client("sqs")
        sqs.send_message(QueueUrl=self._outputs["ArgoQueueUrl"], MessageBody="poison")

        def reason() -> str | None:
            url = self._outputs["ArgoDeadLetterQueueUrl"]
            answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0)
            for message in answer.get("Messages", []):
                if message["Body"] == "poison":
                    return str(message["MessageAttributes"]["reason"]["StringValue"])
            return None

        return f"poison reached the dead-letter queue: {_until(reason, 'a dead letter', _SOON_SECONDS)}"

    def answer_the_api(self) -> str:
        """Send a signal from outside through the deployed api function and wait for its order."""
        event = json.loads((PROJECT / "events" / "api-execute.json").read_text(encoding="utf-8"))
        body = json.loads(event["body"]) | {"bar_time": SystemClock().now().isoformat()}
        invoked = self._client("lambda").invoke(
            FunctionName=self._outputs["ApiFunctionName"],
            Qualifier=ALIAS,
            Payload=json.dumps(event | {"body": json.dumps(body)}),
        )
        answer = json.loads(invoked["Payload"].read())
        if answer.get("statusCode") not in {200, 202}:
            raise RehearsalError(f"the api function answered {answer}")
        signal_id = json.loads(answer["body"])["signal_id"]

        def order() -> str | None:
            return next((e.order_id for e in self._executions() if e.signal_id == signal_id), None)

        return f"a signal from outside became an order: {_until(order, 'its order', _SOON_SECONDS)}"

    def check_alarms(self) -> str:
        """Find every alarm that an emulator can carry."""
        found = self._listed("cloudwatch", "describe_alarms", "MetricAlarms")
        names = {each["AlarmName"].removeprefix(f"{STACK}-").rsplit("-", 1)[0] for each in found}
        wanted = {
            name
            for name, each in read_template(TEMPLATE)["Resources"].items()
            if each["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in each
        }
        if names != wanted:
            raise RehearsalError(f"alarms: {sorted(names ^ wanted)}")
        return f"{len(names)} alarms stand"

    def check_versions(self, version: str) -> str:
        """Find every function's alias on a version, and whatever invokes a function by its alias."""
        client, scheduler = self._client("lambda"), self._client("scheduler")
        names = [name for output, name in self._outputs.items() if output.endswith("FunctionName")]
        found = {client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"] for name in names}
        if found != {version}:
            raise RehearsalError(f"the functions' versions are {sorted(found)}, not {version}")
        listed = self._listed("scheduler", "list_schedules", "Schedules")
        schedules = [each["Name"] for each in listed if STACK in each["Name"]]
        invoked = [scheduler.get_schedule(Name=name)["Target"]["Arn"] for name in schedules]
        mappings = self._listed("lambda", "list_event_source_mappings", "EventSourceMappings")
        invoked += [each["FunctionArn"] for each in mappings]
        if not invoked or not all(arn.endswith(f":{ALIAS}") for arn in invoked):
            raise RehearsalError(f"not invoked by the alias: {invoked}")
        return f"{len(names)} functions are live in version {version}, invoked by {len(invoked)} sources"

    def check_retention(self, days: int) -> str:
        """Find an update in the log groups."""
        groups = self._listed("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=f"/{STACK}/")
        if {each.get("retentionInDays") for each in groups} != {days}:
            raise RehearsalError(f"log groups after the update: {groups}")
        return f"an update reached {len(groups)} log groups"

    def look_after(self, command: str) -> str:
        """Run one of the commands that an operator runs after a deployment."""
        done = self._run(str(Path(sys.executable).with_name("argo")), command, cwd=PROJECT)
        return f"argo {command}: {done.splitlines()[-1]}"

    def delete(self) -> str:
        """Delete the stack, and find nothing left but the ledger, which is retained."""
        self._sam("delete", "--no-prompts")
        functions = [each["FunctionName"] for each in self._listed("lambda", "list_functions", "Functions")]
        queues = self._listed("sqs", "list_queues", "QueueUrls", QueueNamePrefix=STACK)
        if left := [each for each in (*functions, *queues) if STACK in each]:
            raise RehearsalError(f"a delete left {left}")
        self._client("dynamodb").describe_table(TableName=self._outputs["TableName"])
        return "a delete left the ledger's table and nothing else"

    def _listed(self, service: str, call: str, key: str, **asked: str) -> list[Any]:
        """Read a list to its end: AWS gives pages of 50 or 100, and ten accounts have more."""
        pages = self._client(service).get_paginator(call).paginate(**asked)
        return [each for page in pages for each in page.get(key, [])]

    def _executions(self) -> list[Execution]:
        variables = {"ARGO_MODE": "simulated", "ARGO_TABLE_NAME": self._outputs["TableName"]}
        clock = SystemClock()
        ledger = Adapters(Environment(variables | self._running.aws.environment), clock).ledger
        now = clock.now()
        recent = of_window(ledger, tuple(self._running.resources.queues), since=now - _WINDOW, now=now)
        return [execution for record in asyncio.run(recent) for execution in record.executions.values()]

    def _sam(self, *arguments: str) -> None:
        beside = Path(sys.executable).parent
        sam = shutil.which("sam", path=os.pathsep.join([str(beside), os.environ["PATH"]]))
        if sam is None:
            raise RehearsalError("there is no sam command: uv run --group sam")
        where = ("--stack-name", STACK, "--region", KEYS["AWS_DEFAULT_REGION"])
        # In a directory where no samconfig.toml adds settings of its own.
        self._run(sam, *arguments, *where, cwd=BUILT.parent)

    def _run(self, command: str, *arguments: str, cwd: Path) -> str:
        """Run a command with this machine's own AWS settings out of sight, and return what it printed."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SAM_"))}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        own = {"SAM_CLI_TELEMETRY": "0", "ARGO_STACK": STACK}
        done = subprocess.run(  # noqa: S603
            [command, *arguments],
            env=inherited | nowhere | own | self._running.aws.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed = f"{Path(command).name} {arguments[0]}"
            raise RehearsalError(f"{failed}: {done.stdout[-3_000:]}{done.stderr[-3_000:]}")
        return done.stdout


def check_accounts(enabled: Sequence[str], in_sample: Sequence[str]) -> None:
    """Find every account of argo.toml in the sample, by which the deployed stack trades here.

    Raises:
        RehearsalError: one is missing; its messages would wait for an executor that cannot start.
    """
    if missing := [name for name in enabled if name not in in_sample]:
        tables = ", ".join(f"[accounts.{name}]" for name in missing)
        raise RehearsalError(f"{SAMPLE_CONFIGURATION.relative_to(PROJECT)} lacks {tables}, which argo.toml has")


def rehearse(say: Callable[[str], None]) -> None:
    """Deploy, trade, poison, update and delete.

    Raises:
        RehearsalError: one of them did not work.
    """
    if not BUILT.exists():
        raise RehearsalError(f"{BUILT.relative_to(PROJECT)} is missing: make build")
    history, configuration, config_path = traded_market()
    check_accounts(load_configuration(CONFIGURATION).executors, configuration.executors)
    with served(history, configuration, config_path=config_path, host=LOOPBACK) as running:
        rehearsal = Rehearsal(running)
        rehearsal.deploy()
        say(f"deployed {STACK}")
        say(rehearsal.check_alarms())
        say(rehearsal.check_versions("1"))
        say(rehearsal.trade_by_itself())
        say(rehearsal.poison())
        # Parameters alone, the second one every function's: it must reach what the alias points to.
        rehearsal.deploy(LogRetentionDays="3", LocalEndpointUrl=f"{running.aws.url}/")
        say(rehearsal.check_retention(3))
        say(rehearsal.check_versions("2"))
        say(rehearsal.answer_the_api())
        say(rehearsal.look_after("smoke"))
        say(rehearsal.look_after("doctor"))
        say(rehearsal.delete())


def _until[T](look: Callable[[], T | None], what: str, seconds: float) -> T:
    """Look again and again until there is something to see."""
    give_up = monotonic() + seconds
    while monotonic() < give_up:
        if (seen := look()) is not None:
            return seen
        asyncio.run(asyncio.sleep(_LOOK_EVERY))
    raise RehearsalError(f"{what}: not within {seconds:.0f} s")


def main() -> None:
    began = monotonic()
    try:
        rehearse(lambda seen: typer.echo(f"{monotonic() - began:5.0f} s  {seen}"))
    except RehearsalError as error:
        typer.echo(f"{monotonic() - began:5.0f} s  FAILED  {error}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
