"""What a running `argo serve` serves, as a deployment to look at."""

import json
from pathlib import Path

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from console.deployment import Deployment
from worlds.embedded_aws import KEYS, Resources
from worlds.paths import LOOPBACK

_SEEN_BY_CONTAINERS = "host.docker.internal"


def served_deployment(path: Path) -> Deployment:
    """Return the emulator's ledger and queues, from the variables that `argo serve` has written.

    Raises:
        ConfigurationError: the file is not there, or not that.
    """
    try:
        functions: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        variables = {name: _seen_here(value) for name, value in functions["ApiFunction"].items()}
        resources = Resources(
            table=variables["ARGO_TABLE_NAME"],
            queues=json.loads(variables["ARGO_QUEUE_URLS"]),
            dead_letter_queues={
                each["ARGO_EXECUTOR"]: _seen_here(each["ARGO_DLQ_URL"])
                for each in functions.values()
                if "ARGO_DLQ_URL" in each
            },
        )
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"--served {path}: not what a running `argo serve` has written") from error
    return Deployment(resources, Adapters(Environment(KEYS | variables), SystemClock()), None)


def _seen_here(address: str) -> str:
    return address.replace(_SEEN_BY_CONTAINERS, LOOPBACK)
