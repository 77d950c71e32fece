"""Embedded AWS and a simulated broker that functions in containers can talk to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.environment import LAYER_CONFIGURATION, load_configuration
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server.serving import BackgroundServer, BrokerServer, check_host
from simulation.market.bar_history import BarHistory
from simulation.market.bars import BarsFileError, load_bars
from simulation.market.timeframe import Timeframe
from worlds.addresses import DOCKER
from worlds.backends import broker_environment, simulated_account
from worlds.docker import docker_address
from worlds.embedded_aws import EmbeddedAws, Resources, embedded_aws
from worlds.paths import CONFIGURATION, PROJECT, SAMPLE_BARS, SAMPLE_TO, TEMPLATE
from worlds.template import read_template

SAMPLE_CONFIGURATION = PROJECT / "events" / "argo-sample.toml"
SAMPLE_CONFIGURATION_IN_LAYER = "/opt/argo-sample.toml"

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


@contextmanager
def served(
    tape: BarHistory, configuration: Configuration, *, config_path: str, host: str, state: Path | None = None
) -> Iterator[Served]:
    """Run the emulator with the template's resources, and a live broker on the tape, while the block runs.

    Args:
        tape: The market's history; its last closes are the prices.
        configuration: Whose enabled accounts the broker opens, with 100,000 USD each.
        config_path: Where the functions in their containers find that configuration.
        host: Where to listen: a loopback or private address, or `DOCKER`.
        state: Directory that keeps the emulator's state.

    Raises:
        ValueError: the host is neither, or the tape is empty.
        OSError: the host is not an address of this machine.
        EmbeddedAwsError: the emulator does not start.
    """
    address = docker_address() if host == DOCKER else host
    check_host(address)
    accounts = {name: simulated_account(name) for name in configuration.executors}
    settled = _SETTLING if tape.timeframe.is_daily else timedelta()
    live = SimulatedBroker.live(tape, accounts.values(), SystemClock().now, always_open=True, closed_since=settled)
    server = BrokerServer(live, host=address)
    with BackgroundServer(server) as broker, embedded_aws(state, host=address) as aws:
        resources = aws.create_resources(TEMPLATE)
        _store_credentials(aws, accounts)
        brokers = {name: broker_environment(broker.url, keys) for name, keys in accounts.items()}
        common = {"ARGO_MODE": "simulated", "ARGO_CONFIG": config_path, "AWS_ENDPOINT_URL": aws.url}
        variables = {name: {**common, **resources.environment(name), **brokers[name]} for name in accounts}
        yield Served(aws, resources, broker, _by_function(variables, listening_on=address))


def sample() -> tuple[BarHistory, Configuration, str]:
    """Return the sample bars to their default end, their configuration, and its path in the layer."""
    return chosen(None, None)


def chosen(bars: Path | None, last: date | None) -> tuple[BarHistory, Configuration, str]:
    """Return the tape, the configuration that fits it, and where the layer has that."""
    if bars is None:
        tape = load_bars(SAMPLE_BARS).between(last=last or SAMPLE_TO)
        return tape, load_configuration(SAMPLE_CONFIGURATION), SAMPLE_CONFIGURATION_IN_LAYER
    tape = load_bars(bars).between(last=last)
    configuration = load_configuration(CONFIGURATION)
    wanted = configuration.generation.timeframe
    if Timeframe.parse(wanted) < tape.timeframe:
        raise BarsFileError(f"{bars} has {tape.timeframe.name} bars, but argo.toml trades on {wanted}")
    if not set(configuration.watchlist) & set(tape.symbols):
        raise BarsFileError(f"{bars} has none of argo.toml's watchlist: {', '.join(configuration.watchlist)}")
    return tape, configuration, LAYER_CONFIGURATION


def _store_credentials(aws: EmbeddedAws, accounts: Mapping[str, AccountSettings]) -> None:
    """Put each account's key where a deployed function reads it: the parameter that the template names."""
    template = read_template(TEMPLATE)
    for declared in _declared_variables(template).values():
        if (keys := accounts.get(declared.get("ARGO_EXECUTOR", ""))) is not None:
            parameter = template["Parameters"][declared["ARGO_CREDENTIALS_PARAMETER"]["Ref"]]["Default"]
            value = json.dumps({"key_id": keys.key_id, "secret_key": keys.secret_key})
            aws.client("ssm").put_parameter(Name=parameter, Type="SecureString", Value=value, Overwrite=True)


def _declared_variables(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variables that the template declares, by function."""
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    return {
        logical_id: {**common, **resource["Properties"].get("Environment", {}).get("Variables", {})}
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def _by_function(variables: Mapping[str, Mapping[str, str]], *, listening_on: str) -> dict[str, dict[str, str]]:
    """Return the template's functions with those of their declared variables that are known here.

    `sam local invoke` passes on no others. A function of no account takes those of the first.
    """
    on_loopback = listening_on == "localhost" or ip_address(listening_on).is_loopback
    seen_as = _MACHINE_SEEN_FROM_CONTAINERS if on_loopback else listening_on
    found = {}
    for logical_id, declared in _declared_variables(read_template(TEMPLATE)).items():
        known = variables.get(declared.get("ARGO_EXECUTOR", next(iter(variables))), {})
        found[logical_id] = {
            name: value.replace(f"//{listening_on}:", f"//{seen_as}:")
            for name, value in known.items()
            if name in declared
        }
    return found
