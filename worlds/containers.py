"""Embedded AWS and a simulated broker that functions in containers can talk to."""

import json
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.environment import LAYER_CONFIGURATION, load_configuration
from simulation.broker import SimulatedBroker
from simulation.broker.server.serving import BackgroundServer, BrokerServer, check_host
from simulation.market.bar_history import BarHistory, Timeframe
from simulation.market.bars import BarsFileError, load_bars
from worlds.backends import broker_environment, simulated_account
from worlds.embedded_aws import KEYS, EmbeddedAws, Resources, embedded_aws
from worlds.paths import CONFIGURATION, DOCKER, LOOPBACK, PROJECT, SAMPLE_BARS, SAMPLE_TO, TEMPLATE
from worlds.template import read_template

SAMPLE_CONFIGURATION = PROJECT / "events" / "argo-sample.toml"
SAMPLE_CONFIGURATION_IN_LAYER = "/opt/argo-sample.toml"

ARCHITECTURE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
"""This machine's, as Lambda names it."""

_MACHINE_SEEN_FROM_CONTAINERS = "host.docker.internal"

_SETTLING = timedelta(hours=9)
"""A daily bar ends at 16:00 in New York but counts as closed from midnight on (`argo.domain.market`), an hour
later where clocks change."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is being served, and the variables that direct each function in a container to it."""

    aws: EmbeddedAws
    resources: Resources
    broker: BackgroundServer
    env_vars: Mapping[str, Mapping[str, str]]


def traded_market(bars: Path | None = None, last: date | None = None) -> tuple[BarHistory, Configuration, str]:
    """Return bars up to a date, the configuration that trades them, and where the functions' layer has that.

    Without a file they are the sample's, to `SAMPLE_TO` unless told otherwise.

    Raises:
        BarsFileError: the file cannot be read, or argo.toml cannot trade its bars.
    """
    if bars is None:
        history = load_bars(SAMPLE_BARS).between(last=last or SAMPLE_TO)
        return history, load_configuration(SAMPLE_CONFIGURATION), SAMPLE_CONFIGURATION_IN_LAYER
    history = load_bars(bars).between(last=last)
    configuration = load_configuration(CONFIGURATION)
    wanted = configuration.generation.timeframe
    if Timeframe.parse(wanted) < history.timeframe:
        raise BarsFileError(f"{bars} has {history.timeframe.name} bars, but argo.toml trades on {wanted}")
    if not set(configuration.watchlist) & set(history.symbols):
        raise BarsFileError(f"{bars} has none of argo.toml's watchlist: {', '.join(configuration.watchlist)}")
    return history, configuration, LAYER_CONFIGURATION


@contextmanager
def served(
    history: BarHistory, configuration: Configuration, *, config_path: str, host: str, state: Path | None = None
) -> Iterator[Served]:
    """Run the emulator with the template's resources, and a live broker on the bars, while the block runs.

    Args:
        history: The market's history; its last closes are the prices.
        configuration: Whose enabled accounts the broker opens, with 100,000 USD each.
        config_path: Where the functions in their containers find that configuration.
        host: Where to listen: a loopback or private address, or `DOCKER`.
        state: Directory that keeps the emulator's state.

    Raises:
        ValueError: the host is neither, or there are no bars.
        OSError: the host is not an address of this machine, or Docker does not answer.
        EmbeddedAwsError: the emulator does not start.
    """
    address = _docker_address() if host == DOCKER else host
    check_host(address)
    accounts = {name: simulated_account(name) for name in configuration.executors}
    settled = _SETTLING if history.timeframe.is_daily else timedelta()
    live = SimulatedBroker.live(
        history, accounts.values(), SystemClock().now, always_open=True, closed_since=settled
    )
    server = BrokerServer(live, host=address)
    with BackgroundServer(server) as broker, embedded_aws(state, host=address) as aws:
        resources = aws.create_resources(TEMPLATE)
        common = {"ARGO_MODE": "simulated", "ARGO_CONFIG": config_path, "AWS_ENDPOINT_URL": aws.url}
        variables = {
            name: {**common, **resources.environment(name), **broker_environment(broker.url, keys)}
            for name, keys in accounts.items()
        }
        template = read_template(TEMPLATE)
        functions = _declared_variables(template)
        for declared in functions.values():
            # The account's key, where a deployed function reads it: the parameter that the template names.
            if (keys := accounts.get(declared.get("ARGO_EXECUTOR", ""))) is not None:
                parameter = template["Parameters"][declared["ARGO_CREDENTIALS_PARAMETER"]["Ref"]]["Default"]
                value = json.dumps({"key_id": keys.key_id, "secret_key": keys.secret_key})
                aws.client("ssm").put_parameter(Name=parameter, Type="SecureString", Value=value, Overwrite=True)
        yield Served(aws, resources, broker, _by_function(functions, variables, listening_on=address))


def _declared_variables(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    return {
        logical_id: {**common, **resource["Properties"].get("Environment", {}).get("Variables", {})}
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def _by_function(
    functions: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, str]], *, listening_on: str
) -> dict[str, dict[str, str]]:
    """Return functions with those of their declared variables that are known, by account.

    `sam local invoke` passes on no others. A function of no account takes those of the first.
    """
    on_loopback = listening_on == "localhost" or ip_address(listening_on).is_loopback
    seen_as = _MACHINE_SEEN_FROM_CONTAINERS if on_loopback else listening_on
    return {
        logical_id: {
            name: value.replace(f"//{listening_on}:", f"//{seen_as}:")
            for name, value in known.get(declared.get("ARGO_EXECUTOR", next(iter(known))), {}).items()
            if name in declared
        }
        for logical_id, declared in functions.items()
    }


def _docker_address() -> str:
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
    return [
        *("sam", "local", "invoke", function),
        *("--event", str(event)),
        *("--env-vars", str(env_vars)),
        *("--region", KEYS["AWS_DEFAULT_REGION"]),
        *("--parameter-overrides", f"Architecture={ARCHITECTURE}"),
    ]
