"""Invoke built functions with `sam local invoke`, and look at what they did."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.domain.naming import logical_name
from argo.environment import Environment, load_configuration
from worlds.containers import Served, sam_command
from worlds.paths import CONFIGURATION

ROOT = Path(__file__).parents[2]
LOGICAL_NAMES = {name: logical_name(name) for name in load_configuration(CONFIGURATION).executors}

_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], str(ROOT / ".tools/bin")])
# The machine's own keys stay out of the containers; with any, SAM would ask AWS whose they are.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))} | {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    "PATH": _PATH,
}


def tool(name):
    return shutil.which(name, path=_PATH)


def sam(*arguments):
    """Run SAM's command line in the project; its output, or an error with what it said."""
    done = subprocess.run(  # noqa: S603
        [tool("sam"), *arguments],
        cwd=ROOT,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, f"sam {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done


def architecture_parameter():
    return sam_command("", Path(), Path())[-2:]


@cache
def _image_is_here():
    architecture = architecture_parameter()[-1].partition("=")[2]
    image = f"public.ecr.aws/lambda/python:3.13-{architecture}"
    inspected = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)  # noqa: S603, S607
    return inspected.returncode == 0


def event(name):
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


class Containers:
    """The functions, their ledger, their queues and the broker's books."""

    def __init__(self, running: Served, configuration: Configuration, directory: Path) -> None:
        self.configuration = configuration
        self._running = running
        self._directory = directory
        self._env_vars = directory / "env-vars.json"
        self._env_vars.write_text(json.dumps(running.env_vars))
        self._sqs = running.aws.client("sqs")
        variables = {
            **running.aws.environment,
            "ARGO_MODE": "simulated",
            "ARGO_TABLE_NAME": running.resources.table,
        }
        self._ledger = Adapters(Environment(variables), SystemClock()).ledger

    def invoke(self, function, payload):
        """Invoke a function in a container and return its result."""
        path = self._directory / f"{function}.json"
        path.write_text(json.dumps(payload))
        pulling = ["--skip-pull-image"] if _image_is_here() else []
        _, *arguments = sam_command(function, path, self._env_vars)
        done = sam(*arguments, *pulling)
        result = json.loads(done.stdout)
        assert "errorMessage" not in result, done.stderr
        return result

    def execute(self, executor, payload):
        return self.invoke(f"Execute{LOGICAL_NAMES[executor]}Function", payload)

    def reconcile(self, executor):
        return self.invoke(f"Reconcile{LOGICAL_NAMES[executor]}Function", event("reconcile-tick"))

    def signals_of_today(self):
        today = SystemClock().now().date()
        page = asyncio.run(self._ledger.signals_of(today.isoformat(), limit=100))
        return {stored.signal.signal_id: stored for stored in page.items}

    def execution(self, signal_id, executor):
        return asyncio.run(self._ledger.execution(signal_id, executor))

    def orders(self, executor):
        """The entry orders in the broker's books, by client order id."""

        def read():
            (account,) = [
                each for key, each in self._running.broker.server.broker.accounts.items() if key.endswith(executor)
            ]
            return {order.client_order_id: order for order in account.orders.values() if order.legs}

        return self._running.broker.call(read)

    @property
    def requests(self):
        """How many requests the broker got, by method and path template."""
        return self._running.broker.server.requests

    def take(self, executor):
        """Receive what waits in an account's queue, as the records that Lambda would be given."""
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:argo",
                "awsRegion": "us-east-1",
            }
            for message in self._receive(self._running.resources.queues[executor])
        ]

    def dead_letters(self, executor):
        return self._receive(self._running.resources.dead_letter_queues[executor], VisibilityTimeout=0)

    def _receive(self, url, **options):
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"], **options
        )
        return answer.get("Messages", [])
