"""The local world: the real handlers' coroutines wired to embedded AWS and a simulated or a paper broker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import IO, Any

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Clock, Ledger
from console.embedded_aws import EmbeddedAws, Resources
from execution import wiring as execution_wiring
from execution.batch import execute_batch
from generation import wiring as generation_wiring
from generation.tick import generate
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from simulation.event_source import EventSourceMapping

_NO_DEADLINE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LocalWorld:
    """Everything that template.yaml deploys, in this process."""

    executors: tuple[str, ...]
    table: str
    ledger: Ledger
    generator: generation_wiring.Wiring
    mappings: Mapping[str, EventSourceMapping]
    reconcilers: Mapping[str, reconciliation_wiring.Wiring]
    telemetry: tuple[Telemetry, ...]

    async def generate(self, event: dict[str, Any]) -> dict[str, object]:
        """Invoke the generate function."""
        return await generate(event, self.generator, time_left=_NO_DEADLINE)

    async def reconcile(self, executor: str) -> dict[str, object]:
        """Invoke an account's reconcile function."""
        return (await reconcile(self.reconcilers[executor])).as_dict()


def local_world(
    configuration: Configuration,
    *,
    aws: EmbeddedAws,
    resources: Resources,
    broker: Mapping[str, Mapping[str, str]],
    mode: str,
    clock: Clock,
    log_to: IO[str],
) -> LocalWorld:
    """Wire the functions of every enabled account.

    Args:
        configuration: argo.toml.
        aws: The emulator.
        resources: The template's table and queues on it.
        broker: Per account, the ``APCA_...`` variables: addresses and keys.
        mode: ``simulated`` or ``paper``.
        clock: The time all functions go by.
        log_to: Where their structured logs go.

    Raises:
        ConfigurationError: an enabled account has no queue in the template, or a source can't be made.
    """
    executors = configuration.executors

    def environment(executor: str) -> Environment:
        common = {"ARGO_MODE": mode, **aws.environment, **broker[executor]}
        return Environment({**common, **resources.environment(executor)})

    profiles = {name: configuration.profile(name) for name in executors}
    executes = {
        name: execution_wiring.from_environment(environment(name), clock, profile=profile, log_to=log_to)
        for name, profile in profiles.items()
    }
    reconciles = {
        name: reconciliation_wiring.from_environment(environment(name), clock, profile=profile, log_to=log_to)
        for name, profile in profiles.items()
    }
    generator = generation_wiring.from_environment(
        environment(executors[0]), clock, configuration=configuration, log_to=log_to
    )
    adapters = Adapters(environment(executors[0]), clock)
    mappings = {
        name: EventSourceMapping(
            source=adapters.consumer(resources.queues[name]),
            function=partial(_execute, wiring),
            on_error=partial(_log_failure, wiring.telemetry),
        )
        for name, wiring in executes.items()
    }
    telemetry = [generator.telemetry]
    telemetry += [wiring.telemetry for wiring in executes.values()]
    telemetry += [wiring.telemetry for wiring in reconciles.values()]
    return LocalWorld(
        executors=executors,
        table=resources.table,
        ledger=adapters.ledger,
        generator=generator,
        mappings=mappings,
        reconcilers=reconciles,
        telemetry=tuple(telemetry),
    )


async def _execute(wiring: execution_wiring.Wiring, event: dict[str, Any]) -> Mapping[str, Any]:
    answer = await execute_batch(event, wiring, seconds_left=_NO_DEADLINE.total_seconds)
    wiring.telemetry.flush()
    return dict(answer)


def _log_failure(telemetry: Telemetry, error: Exception) -> None:
    telemetry.log.error("invocation_failed", error=repr(error))
