"""Docker as seen from this machine: where its containers reach us, and the command that runs one."""

import json
import platform
import shutil
import socket
import subprocess
from ipaddress import ip_network
from pathlib import Path

from worlds.addresses import DOCKER, LOOPBACK
from worlds.embedded_aws import KEYS


def docker_address() -> str:
    """Return where a server has to listen to be reached from containers.

    On Linux that is the gateway of Docker's bridge, an address of this machine. Docker Desktop keeps its bridge
    in a virtual machine and forwards ``host.docker.internal`` to loopback.

    Raises:
        OSError: Docker does not answer.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise OSError(f"--host {DOCKER}: there is no docker command")
    query = [docker, "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode:
        raise OSError(f"--host {DOCKER}: {answer.stderr.strip()}")
    (bridge, *_) = json.loads(answer.stdout)
    # Docker 20 leaves the gateway out where it has chosen it itself: the network's first address.
    gateway = str(bridge.get("Gateway") or next(ip_network(bridge["Subnet"]).hosts()))
    with socket.socket() as probe:
        try:
            probe.bind((gateway, 0))
        except OSError:
            return LOOPBACK
    return gateway


def sam_command(function: str, event: Path, env_vars: Path) -> list[str]:
    """Return the command that invokes a built function in a container, without `--skip-pull-image`."""
    architecture = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    return [
        *("sam", "local", "invoke", function),
        *("--event", str(event)),
        *("--env-vars", str(env_vars)),
        *("--region", KEYS["AWS_DEFAULT_REGION"]),
        *("--parameter-overrides", f"Architecture={architecture}"),
    ]
