"""Dynalite, an emulation of DynamoDB in JavaScript without transactions, as a process of its own on loopback."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from tests.contract.backends import Backend
from worlds.embedded_aws import KEYS
from worlds.paths import PROJECT

HOST = "127.0.0.1"
PROGRAM = PROJECT / ".tools/dynalite/node_modules/.bin/dynalite"
"""Where `make test-dynalite` installs it."""


class DynaliteBackend(Backend):
    """A backend whose tables take a moment."""

    def table(self) -> str:
        name = super().table()
        # Dynalite makes a table within a millisecond of its answer; boto3 counts the delay in whole seconds.
        self.dynamodb.get_waiter("table_exists").wait(
            TableName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 1_000}
        )
        return name


@contextmanager
def dynalite() -> Iterator[Any]:
    """Run dynalite while the block runs; a client of its own."""
    port = _free_port()
    command = [PROGRAM, "--host", HOST, "--port", str(port), "--createTableMs", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            assert "listening" in process.stdout.readline()
            yield boto3.client(
                "dynamodb",
                endpoint_url=f"http://{HOST}:{port}",
                region_name=KEYS["AWS_DEFAULT_REGION"],
                aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
                config=Config(max_pool_connections=10),
            )
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
