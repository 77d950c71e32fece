"""`argo serve`: embedded AWS and a simulated broker that functions in containers can talk to."""

import json
import os
import platform
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration, ConfigurationError
from argo.environment import LAYER_CONFIGURATION, load_configuration
from console.embedded_aws import KEYS, EmbeddedAws, EmbeddedAwsError, Resources, embedded_aws
from console.paths import CONFIGURATION, PROJECT, SAMPLE_BARS, TEMPLATE
from console.play import broker_environment
from console.runs import RunRecord
from console.template import read_template
from simulation.bars import BarsFileError, load_bars
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.clock import MarketClock
from simulation.broker.server.serving import BackgroundServer, BrokerServer, check_host
from simulation.tape import Tape
from simulation.timeframe import Timeframe

SERVED = Path(".argo") / "served"
ENV_VARS = Path(".argo") / "sam-env.json"

SAMPLE_TO = date(2012, 8, 3)
"""The sample's last day here: its bars give a signal that both accounts trade and one too weak for either."""

SAMPLE_CONFIGURATION = PROJECT / "events" / "argo-sample.toml"
SAMPLE_CONFIGURATION_IN_LAYER = "/opt/argo-sample.toml"

DOCKER = "docker"
"""The ``--host`` that stands for Docker's bridge, whatever its address."""

_LOOPBACK = "127.0.0.1"
_MACHINE_SEEN_FROM_CONTAINERS = "host.docker.internal"
_CASH = Decimal(100_000)
_WRONG_INPUT = 2

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


def serve(
    bars: Annotated[
        Path | None, typer.Option(help="OHLCV file that fits argo.toml; default: the sample's daily bars.")
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], help=f"Last exchange date; default of the sample: {SAMPLE_TO}."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help=f"Loopback or private address to listen on; `{DOCKER}`: where containers reach it.")
    ] = _LOOPBACK,
    state: Annotated[Path, typer.Option(help="Directory for the ledger, begun anew.")] = SERVED,
    env_vars: Annotated[Path, typer.Option(help="File to write for `sam local invoke --env-vars`.")] = ENV_VARS,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: serve while this command runs, pointed here; exit with its code."),
    ] = None,
) -> None:
    """Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.

    The bars are moved in time so that the last has just closed; prices stand still at its close, the market is
    always open. The ledger stays in --state, for `argo signals`; the broker's orders end with it.
    """
    messages = Console(stderr=True)
    for each in (signal.SIGINT, signal.SIGTERM):  # A shell's background job ignores the first unless told.
        signal.signal(each, signal.default_int_handler)
    record = RunRecord(state)
    code = 0
    try:
        tape, local, in_container = _chosen(bars, end.date() if end else None)
        shutil.rmtree(record.aws, ignore_errors=True)  # The broker begins anew, so does the ledger.
        with (
            suppress(KeyboardInterrupt),
            served(tape, local, config_path=in_container, host=host, state=record.aws) as running,
            _written(env_vars, running.env_vars),
            _remembered(record),
        ):
            _tell(running, tape, messages, env_vars=env_vars, state=state)
            if command:
                code = _run(command, running)
            else:
                Event().wait()
    except (BarsFileError, ConfigurationError, ValueError, OSError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    raise typer.Exit(code)


@contextmanager
def served(
    tape: Tape, configuration: Configuration, *, config_path: str, host: str, state: Path | None = None
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
    accounts = {name: _account(name) for name, profile in configuration.accounts.items() if profile.enabled}
    server = BrokerServer(_live_broker(tape, list(accounts.values())), host=address)
    with BackgroundServer(server) as broker, embedded_aws(state, host=address) as aws:
        resources = aws.create_resources(TEMPLATE)
        _store_credentials(aws, accounts)
        brokers = {name: broker_environment(broker.url, keys) for name, keys in accounts.items()}
        common = {"ARGO_MODE": "simulated", "ARGO_CONFIG": config_path, "AWS_ENDPOINT_URL": aws.url}
        variables = {name: {**common, **resources.environment(name), **brokers[name]} for name in accounts}
        yield Served(aws, resources, broker, _by_function(variables, listening_on=address))


def sample() -> tuple[Tape, Configuration, str]:
    """Return the sample bars to their default end, their configuration, and its path in the layer."""
    return _chosen(None, None)


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
            return _LOOPBACK
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


def _chosen(bars: Path | None, last: date | None) -> tuple[Tape, Configuration, str]:
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


def _live_broker(tape: Tape, accounts: Sequence[AccountSettings]) -> SimulatedBroker:
    clock = SystemClock()
    started = clock.now()
    moved = tape.ending_at(started - _SETTLING if tape.timeframe.is_daily else started)
    market_clock = MarketClock(moved.calendar(), started, now=clock.now, always_open=True)
    broker = SimulatedBroker(accounts, starts_at=started, tape=moved, clock=market_clock)
    broker.market.preload(moved)
    broker.market.end_day()
    return broker


def _account(executor: str) -> AccountSettings:
    return AccountSettings(key_id=f"simulated-{executor}", secret_key=f"simulated-{executor}", cash=_CASH)


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


def _run(command: Sequence[str], running: Served) -> int:
    """Run the user's command with AWS's variables pointing here, and return its exit code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    broker = {"APCA_API_BASE_URL": running.broker.url, "APCA_API_DATA_URL": running.broker.url}
    environment = inherited | running.aws.environment | broker
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


@contextmanager
def _written(path: Path, env_vars: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Keep the file while the addresses in it answer, and no longer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(env_vars, indent=2) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _remembered(record: RunRecord) -> Iterator[None]:
    """Note the UTC days on which signals may have been stored."""
    first = SystemClock().now().date()
    record.remember([first.isoformat()])
    try:
        yield
    finally:
        days = (SystemClock().now().date() - first).days
        record.remember([(first + timedelta(days=each)).isoformat() for each in range(days + 1)])


def _tell(running: Served, tape: Tape, messages: Console, *, env_vars: Path, state: Path) -> None:
    sam = sam_command("ExecuteArgoFunction", Path("events/execute-batch.json"), env_vars)
    symbols = ", ".join(tape.symbols)
    for line in (
        f"AWS           {running.aws.url}  table {running.resources.table}",
        f"broker        {running.broker.url}  {tape.timeframe.name} bars to {tape.ends:%Y-%m-%d} of {symbols}",
        f"variables     {env_vars}",
        f"after a sam build:\n  {shlex.join(sam)}",
        f"when it has stopped:\n  argo signals --state {state}",
    ):
        messages.print(line, highlight=False, markup=False, soft_wrap=True)
