"""Gathers the facts of a deployed stack or of a local run; nothing is written anywhere."""

import asyncio
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.environment import Environment, load_configuration
from console.deployment import open_deployment
from console.doctor import at_broker
from console.doctor.aws_errors import attempt
from console.doctor.facts import AccountFacts, Facts, FunctionFacts, StoredKey, TradingFacts
from console.doctor.finding import Unread, known
from console.doctor.in_ledger import dead_letters, heartbeat
from console.doctor.reading import AwsReader, revert_drift, variables_of
from console.stacks import Stack, aws_clients, logical_name
from worlds.embedded_aws import EmbeddedAws
from worlds.paths import LAST_RUN

_LOCAL = Unread("stack", "a local run has none", "")
_RESTORE = "restore it to a second before it went: docs/operations.md, What survives"


def of_stack(name: str, configuration_file: Path) -> Facts:
    """Gather what there is to know of a deployed stack."""
    clock = SystemClock()
    reader = AwsReader(aws_clients(), clock)
    identity = attempt("AWS", reader.identity)

    def read_stack() -> Stack:
        known(identity)
        return known(reader.stack(name))

    configuration = _configuration(configuration_file)
    stack = attempt("stack", read_stack)
    functions = attempt("functions", lambda: reader.functions(known(stack)))
    accounts = attempt("accounts", lambda: _accounts(reader, known(stack), known(functions)))
    return Facts(
        now=clock.now(),
        selection=f" --stack {name}",
        checkout=_checkout(),
        configuration=configuration,
        identity=identity,
        stack=stack,
        difference=attempt("deployed code", lambda: reader.difference(known(stack), known(functions))),
        table=attempt(
            "table",
            lambda: reader.table(known(stack).table, recovery=not known(stack).is_local),
            missing=_RESTORE,
        ),
        functions=functions,
        schedules=attempt("schedules", lambda: reader.schedules(known(stack))),
        subscribers=attempt("alarm topic", lambda: reader.subscribers(known(stack))),
        accounts=accounts,
        market=attempt(
            "market data",
            lambda: at_broker.market_facts(
                known(configuration),
                variables_of(known(functions), "GenerateFunction"),
                _generators_key(known(accounts)),
                cure=f"argo credentials set {next(iter(known(accounts)))} --stack {name}",
            ),
        ),
        heartbeat=attempt(
            "generator's cycles", lambda: heartbeat(reader, _adapters(known(stack)).ledger, known(stack).mode)
        ),
    )


def of_run(directory: Path, configuration_file: Path) -> Facts:
    """Gather what there is to know of a local run: its ledger and its queues.

    Raises:
        ConfigurationError: no run is kept there.
        EmbeddedAwsError: the emulator does not start.
    """
    clock = SystemClock()
    with open_deployment(directory) as deployment:
        resources, adapters = deployment.resources, deployment.adapters
        reader = AwsReader(EmbeddedAws(adapters.environment.variables["AWS_ENDPOINT_URL"]).client, clock)
        return Facts(
            now=clock.now(),
            selection="" if directory == LAST_RUN else f" --state {directory}",
            checkout=_checkout(),
            configuration=_configuration(configuration_file),
            identity=_LOCAL,
            stack=_LOCAL,
            difference=_LOCAL,
            table=attempt("table", lambda: reader.table(resources.table, recovery=False)),
            functions=_LOCAL,
            schedules=_LOCAL,
            subscribers=_LOCAL,
            accounts={
                executor: _account(
                    reader,
                    adapters,
                    executor,
                    (url, resources.dead_letter_queues[executor]),
                    missing="begin a new run: argo run",
                    trading=_LOCAL,
                )
                for executor, url in resources.queues.items()
            },
            market=_LOCAL,
            heartbeat=_LOCAL,
        )


def _accounts(
    reader: AwsReader, stack: Stack, functions: Mapping[str, FunctionFacts | Unread]
) -> dict[str, AccountFacts]:
    adapters, drift = _adapters(stack), revert_drift(stack)
    return {
        executor: _account(
            reader,
            adapters,
            executor,
            (url, stack.dead_letter_urls[executor]),
            missing=drift,
            trading=_trading(reader, stack, functions, executor),
        )
        for executor, url in stack.queue_urls.items()
    }


def _trading(
    reader: AwsReader, stack: Stack, functions: Mapping[str, FunctionFacts | Unread], executor: str
) -> TradingFacts:
    cure = f"argo credentials set {executor} --stack {stack.name}"
    variables = attempt(
        f"executor of {executor}", lambda: variables_of(functions, f"Execute{logical_name(executor)}Function")
    )
    key = attempt(
        f"key of {executor}",
        lambda: reader.key(known(variables)["ARGO_CREDENTIALS_PARAMETER"]),
        missing=cure,
    )

    def used() -> tuple[str, Mapping[str, str], StoredKey]:
        return executor, known(variables), known(key)

    def shown_to(somebody: object) -> tuple[str, Mapping[str, str], StoredKey]:
        known(somebody)
        return used()

    where = attempt(f"address of {executor}", lambda: at_broker.address(*used(), cure=cure))
    told = attempt(f"account of {executor}", lambda: at_broker.account(*shown_to(where), cure=cure))
    return TradingFacts(
        mapping=attempt(
            f"event source mapping of {executor}",
            lambda: reader.mapping(stack, executor),
            missing=revert_drift(stack),
        ),
        key=key,
        address=where,
        broker=told,
        exchange_ahead=attempt(
            f"clock of {executor}", lambda: at_broker.exchange_ahead(*shown_to(told), cure=cure)
        ),
    )


def _account(
    reader: AwsReader,
    adapters: Adapters,
    executor: str,
    queues: tuple[str, str],
    *,
    missing: str,
    trading: TradingFacts | Unread,
) -> AccountFacts:
    queue = attempt(f"queue of {executor}", lambda: reader.queue(*queues), missing=missing)
    return AccountFacts(
        executor=executor,
        queue=queue,
        dead_letters=attempt(f"dead letters of {executor}", lambda: dead_letters(adapters, reader, known(queue))),
        state=attempt(
            f"ledger's record of {executor}",
            lambda: asyncio.run(adapters.ledger.account(executor)),
            missing=_RESTORE,
        ),
        trading=trading,
    )


def _generators_key(accounts: Mapping[str, AccountFacts]) -> StoredKey:
    """Return the key that market data is read with: the first account's, if it may be shown at all."""
    trading = known(next(iter(accounts.values())).trading)
    known(trading.address)
    return known(trading.key)


def _adapters(stack: Stack) -> Adapters:
    variables = {"ARGO_TABLE_NAME": stack.table, "ARGO_MODE": stack.mode}
    return Adapters(Environment({**os.environ, **variables}), SystemClock())


def _configuration(file: Path) -> Configuration | Unread:
    return attempt("argo.toml", lambda: load_configuration(file), missing=f"mend {file}, then make deploy")


def _checkout() -> str:
    return f"argo {version('argo')}, Python {platform.python_version()}"
