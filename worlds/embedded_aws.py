"""AWS on this machine: ministack as a process of its own, on loopback. The one module that knows it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import boto3

from argo.domain.naming import logical_name
from argo.domain.tables import ConfigurationError
from worlds.paths import LOOPBACK
from worlds.template import accounts_in, accounts_of, read_template, stateful_part

_START_SECONDS = 300.0
_STOP_SECONDS = 120.0
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}


class EmbeddedAwsError(Exception):
    """The emulator did not start or did not make the resources; the message has its last words."""


@dataclass(frozen=True, slots=True)
class EmbeddedAws:
    """A running emulator."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that direct boto3 to it."""
        return {"AWS_ENDPOINT_URL": self.url} | KEYS

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has a type per service
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=KEYS["AWS_DEFAULT_REGION"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def create_resources(self, template: Path, stack_name: str = "argo") -> "Resources":
        """Make the table and the queues of a template, or find them where the state already has them.

        Raises:
            EmbeddedAwsError: the emulator refuses the template.
        """
        cloudformation = self.client("cloudformation")
        whole = read_template(template)
        part = stateful_part(whole)
        try:
            cloudformation.describe_stacks(StackName=stack_name)
        except cloudformation.exceptions.ClientError:
            cloudformation.create_stack(
                StackName=stack_name,
                TemplateBody=json.dumps(part),
                Parameters=[{"ParameterKey": "LocalEndpointUrl", "ParameterValue": self.url}],
            )
            cloudformation.get_waiter("stack_create_complete").wait(
                # It takes milliseconds here; boto3 counts the delay in whole seconds.
                StackName=stack_name,
                WaiterConfig={"Delay": 0, "MaxAttempts": 5_000},
            )
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise EmbeddedAwsError(f"stack {stack_name}: {stack['StackStatus']}")
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        # A state of an earlier version does not say whose its queues are.
        return Resources.of(outputs, self.client("sqs"), accounts_of(outputs) or accounts_in(whole))

    def days(self, table: str) -> list[str]:
        """Return the UTC days that a local ledger has records of, newest first.

        It reads the whole table, which is a laptop's; a deployed ledger is asked for the days one wants.
        """
        scan = self.client("dynamodb").get_paginator("scan")
        written = "attribute_exists(time_partition)"
        pages = scan.paginate(TableName=table, ProjectionExpression="time_partition", FilterExpression=written)
        partitions = {item["time_partition"]["S"] for page in pages for item in page["Items"]}
        return sorted({partition.rsplit("#", 1)[-1] for partition in partitions}, reverse=True)


@dataclass(frozen=True, slots=True)
class Resources:
    """What the template's table and queues are called here."""

    table: str
    queues: Mapping[str, str]
    dead_letter_queues: Mapping[str, str]

    @classmethod
    def of(
        cls,
        outputs: Mapping[str, str],
        sqs: Any,  # noqa: ANN401 - a boto3 client
        accounts: Mapping[str, str] | None = None,
    ) -> "Resources":
        """Read a stack's outputs; ``accounts`` are names by what logical ids begin with, by default as they say.

        A kept state remembers queue URLs of an earlier port, so they are asked for by name.
        """

        def url_of(logical_id: str) -> str:
            name = outputs[logical_id].rsplit("/", 1)[-1]
            url: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            return url

        named = accounts_of(outputs) if accounts is None else accounts
        queues, dead_letters = (
            {name: url_of(f"{prefix}{kind}") for prefix, name in named.items() if f"{prefix}{kind}" in outputs}
            for kind in ("Queue", "DeadLetterQueue")
        )
        return cls(outputs["SignalTable"], queues, dead_letters)

    def environment(self, executor: str) -> dict[str, str]:
        """The variables of a function that serves ``executor``.

        Raises:
            ConfigurationError: the template has no queues for it.
        """
        if executor not in self.queues or executor not in self.dead_letter_queues:
            name = logical_name(executor)
            raise ConfigurationError(
                f"[accounts.{executor}]: template.yaml has no {name}Queue with a {name}DeadLetterQueue"
            )
        return {
            "ARGO_TABLE_NAME": self.table,
            "ARGO_QUEUE_URLS": json.dumps(dict(self.queues)),
            "ARGO_EXECUTOR": executor,
            "ARGO_QUEUE_URL": self.queues[executor],
            "ARGO_DLQ_URL": self.dead_letter_queues[executor],
        }


@contextlib.contextmanager
def embedded_aws(state: Path | None = None, *, host: str = LOOPBACK) -> Iterator[EmbeddedAws]:
    """Run an emulator while the block runs; ``state`` is a directory that keeps it between runs.

    Raises:
        EmbeddedAwsError: it does not answer within 30 seconds.
    """
    with tempfile.TemporaryDirectory(prefix="argo-aws-") as scratch:
        with socket.create_server((host, 0)) as probe:
            port: int = probe.getsockname()[1]
        log = Path(scratch) / "ministack.log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=_process_environment(host, port, scratch, state),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            give_up = monotonic() + _START_SECONDS
            while not _answers(host, port):
                if process.poll() is not None or monotonic() > give_up:
                    raise EmbeddedAwsError(f"ministack did not start: {log.read_text(encoding='utf-8')[-2_000:]}")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
            yield EmbeddedAws(f"http://{host}:{port}")
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _process_environment(host: str, port: int, scratch: str, state: Path | None) -> dict[str, str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "BIND_HOST": host,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": host,
        # Both listen on every interface unless they are off.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": scratch,
        "LOG_LEVEL": "WARNING",
    }
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
        environment |= {"PERSIST_STATE": "1", "STATE_DIR": str(state.resolve())}
    return environment


def _answers(host: str, port: int) -> bool:
    with contextlib.closing(HTTPConnection(host, port, timeout=1)) as connection:
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
