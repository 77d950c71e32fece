"""What is known of a deployment: each part is read when a check first asks; a missing one hides no other."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.domain.ledger import StoredSignal
from argo.environment import load_configuration
from console.deployment import Deployment
from console.doctor.account_facts import AccountFacts
from console.doctor.attempts import attempt
from console.doctor.finding import NotKnown
from console.stacks import Clients
from worlds.embedded_aws import EmbeddedAws
from worlds.paths import LAST_RUN


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks AWS, and where; ``ahead`` is how far AWS's clock is before this machine's, to a second."""

    arn: str
    account: str
    region: str
    ahead: timedelta


class TableFacts(NamedTuple):
    """The ledger's table as AWS describes it; recovery is None where nobody was asked."""

    described: Mapping[str, Any]
    recoverable: bool | None


class Difference(NamedTuple):
    """What is deployed and is not what this checkout has."""

    files: Sequence[str]
    resources: Sequence[str]


class Heartbeat(NamedTuple):
    """The generator's cycles of the last minutes, and the newest signal of the last days."""

    cycles: int
    last_signal: StoredSignal | None


class Facts:
    """What every deployment has; ``selection`` is how another command names this one."""

    def __init__(self, selection: str, configuration_file: Path, clients: Clients) -> None:
        """Ask AWS by ``clients``."""
        self.selection = selection
        self.clients = clients
        self.clock = SystemClock()
        self.now = self.clock.now()
        self.checkout = f"argo {version('argo')}, Python {platform.python_version()}"
        self._file = configuration_file

    @cached_property
    def configuration(self) -> Configuration | NotKnown:
        """argo.toml of this checkout."""
        missing = f"mend {self._file}, then make deploy"
        return attempt("argo.toml", lambda: load_configuration(self._file), missing=missing)


class RunFacts(Facts):
    """A local run: its ledger and its queues."""

    recreate = "begin a new run: argo run"
    """What brings back a resource that is gone."""

    def __init__(self, directory: Path, deployment: Deployment, configuration_file: Path) -> None:
        """Look at what a run in ``directory`` has kept."""
        endpoint = deployment.adapters.environment.variables["AWS_ENDPOINT_URL"]
        selection = "" if directory == LAST_RUN else f" --state {directory}"
        super().__init__(selection, configuration_file, EmbeddedAws(endpoint).client)
        self._deployment = deployment

    @cached_property
    def table(self) -> TableFacts | NotKnown:
        """The ledger's table."""
        name = self._deployment.resources.table
        return attempt("table", lambda: table_facts(self.clients, name, recovery=False))

    @cached_property
    def accounts(self) -> Mapping[str, AccountFacts] | NotKnown:
        """Every account that has a queue."""
        resources, adapters = self._deployment.resources, self._deployment.adapters
        return {
            executor: AccountFacts(
                self.clients,
                executor,
                adapters,
                (url, resources.dead_letter_queues[executor]),
                recreate=self.recreate,
            )
            for executor, url in resources.queues.items()
        }


def table_facts(clients: Clients, name: str, *, recovery: bool) -> TableFacts:
    """Read the ledger's table, and on ``recovery`` whether it can be restored to a point in time."""
    dynamodb = clients("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    if not recovery:
        return TableFacts(table, None)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    said = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return TableFacts(table, said == "ENABLED")
