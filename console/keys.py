"""An account's key at the broker: what it looks like, asked for, tried, stored; nothing here tells a secret."""

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from argo.adapters.alpaca import parsing
from argo.adapters.alpaca.outcome import fault, read
from argo.adapters.alpaca.transport import Transport, client_maker
from argo.adapters.aws.parameters import Credentials
from argo.adapters.clock import SystemClock
from argo.domain.addresses import TRADED_AT, trading_address
from argo.domain.faults import Ambiguous, BrokerFault
from argo.domain.naming import logical_name
from argo.domain.tables import ConfigurationError
from console.doctor.attempts import demand
from console.stacks import Clients, read_stack
from worlds.paths import PROJECT, TEMPLATE
from worlds.template import read_template

_WORLDS = {"AK": "live", "PK": "paper"}
"""How Alpaca's key ids begin."""

_PLACEHOLDER = re.compile(
    r"[<>\[\]{}*…]|\.\.|^x+$|^your|^replace|change.?me|placeholder|key.?id|secret", re.IGNORECASE
)
_SHORTEST = 8
_SETTINGS = PROJECT / "samconfig.toml"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an account's key belongs: its parameter with its tags, and the broker that it is for."""

    parameter: str
    mode: str
    trading_url: str
    tags: Mapping[str, str]


def target_of(clients: Clients, executor: str, stack: str | None, environment: str | None) -> Target:
    """Return where the key belongs, by the stack's own parameters or by what it will be deployed with.

    Raises:
        ConfigurationError: neither is named, or there is no such stack, environment or account.
    """
    if environment is not None:
        values, tags = _settings(environment)
    elif stack is not None:
        missing = "before the first deployment: --environment dev; or another region: export AWS_REGION=..."
        found = demand(f"--stack {stack}", lambda: read_stack(clients, stack), missing=missing)
        values, tags = found.parameters, found.tags
    else:
        raise ConfigurationError("say where: --stack argo-dev; or, before that is deployed, --environment dev")
    name = f"CredentialsParameter{logical_name(executor)}"
    if name not in values:
        known = ", ".join(sorted(each for each in values if each.startswith("CredentialsParameter")))
        raise ConfigurationError(f"no account {executor!r}: the template has no parameter {name}, it has {known}")
    return Target(values[name], values["Mode"], values["AlpacaTradingUrl"], tags)


def _settings(environment: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the parameters, defaults among them, and the tags that an environment is deployed with."""
    settings: dict[str, Any] = tomllib.loads(_SETTINGS.read_text(encoding="utf-8"))
    if environment not in settings or "deploy" not in settings[environment]:
        names = ", ".join(name for name, each in settings.items() if isinstance(each, dict) and "deploy" in each)
        raise ConfigurationError(f"--environment {environment}: {_SETTINGS.name} has {names}")
    deploy = settings[environment]["deploy"]["parameters"]
    declared = read_template(TEMPLATE)["Parameters"]
    defaults = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
    return defaults | _pairs(deploy.get("parameter_overrides", "")), _pairs(deploy.get("tags", ""))


def _pairs(text: str | list[str]) -> dict[str, str]:
    parts = shlex.split(text) if isinstance(text, str) else text
    return dict(part.split("=", 1) for part in parts)


def ask(executor: str, target: Target) -> Credentials:
    """Ask a person, or read a pipe, which getpass would pass over.

    Raises:
        ConfigurationError: the answer looks like no key, or like one of the other world.
    """
    if sys.stdin.isatty():
        typer.echo(f"{executor}: {target.mode} at {target.trading_url}, stored in {target.parameter}")
        key_id = typer.prompt("Key id")
        secret_key = typer.prompt("Secret (not shown)", hide_input=True)
    else:
        key_id, secret_key = sys.stdin.readline(), sys.stdin.readline()
    credentials = Credentials(key_id.strip(), secret_key.strip())
    if problem := problem_of(credentials) or mismatch(credentials.key_id, target.trading_url, target.mode):
        raise ConfigurationError(f"{problem}; nothing was stored")
    return credentials


def tried(credentials: Credentials, target: Target) -> str:
    """Return what the broker says of the key's account.

    Raises:
        BrokerFault: it takes no such key, or does not answer.
    """
    transport = Transport(client_maker(lambda: credentials, target.trading_url))
    try:
        answer = transport.request("GET", "/account")
    except Ambiguous as error:
        raise BrokerFault(f"no answer from {target.trading_url}: {error}") from error
    if (found := fault(answer, SystemClock().now())) is not None:
        raise found
    account = read(parsing.account, answer)
    number = str(answer.fields.get("account_number") or "")[-4:]
    return f"account ...{number}: {account.status}, equity {account.equity:,.2f} USD" + (
        ", and the broker takes no orders for it" if account.is_blocked else ""
    )


def store(ssm: Any, target: Target, credentials: Credentials) -> None:  # noqa: ANN401 - a boto3 client
    """Write the parameter: a new one with the stack's tags; one that is there keeps those it has.

    Raises:
        ConfigurationError: AWS does not take it.
    """
    value = json.dumps({"key_id": credentials.key_id, "secret_key": credentials.secret_key})
    parameter = {"Name": target.parameter, "Type": "SecureString", "Value": value}
    tags = [{"Key": key, "Value": each} for key, each in target.tags.items()]

    def put() -> None:
        try:
            ssm.put_parameter(**parameter, **({"Tags": tags} if tags else {}))
        except ssm.exceptions.ParameterAlreadyExists:
            ssm.put_parameter(**parameter, Overwrite=True)

    demand(f"parameter {target.parameter}", put)


def read_secret(parameter: str, value: str) -> Credentials:
    """Read a parameter's value.

    Raises:
        ConfigurationError: it is not a JSON object with ``key_id`` and ``secret_key``; the value is not quoted.
    """
    try:
        fields = json.loads(value)
        key_id, secret_key = fields["key_id"], fields["secret_key"]
        return Credentials(key_id.strip(), secret_key.strip())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f'parameter {parameter} is not a JSON object {{"key_id": "...", "secret_key": "..."}}'
        ) from None


def problem_of(credentials: Credentials) -> str | None:
    """Return what is plainly wrong with a key, by its form alone."""
    for name, value in (("key id", credentials.key_id), ("secret", credentials.secret_key)):
        if not value:
            return f"the {name} is empty"
        if _PLACEHOLDER.search(value):
            return f"the {name} is a placeholder"
        if len(value) < _SHORTEST or not value.isascii() or any(not each.isprintable() for each in value):
            return f"the {name} is no key: {len(value)} characters"
        if " " in value:
            return f"the {name} has a space in it"
    return None


def mismatch(key_id: str, url: str, mode: str) -> str | None:
    """Return why a key, an address and a mode don't belong together; None where they do.

    Alpaca's paper and live worlds have keys of their own, told apart by their beginning. A broker on this machine
    knows no such worlds, and so does any other key.
    """
    try:
        address = trading_address(mode, url)
    except ConfigurationError as error:
        return str(error)
    world = _WORLDS.get(key_id[:2])
    of_alpaca = address == TRADED_AT.get(mode)
    if of_alpaca and world is not None and world != mode:
        return f"a {world} key ({key_id[:2]}...) at the {mode} address {url}"
    return None
