"""What the executor is made of; a test, a replay or a simulation hands in its own ports, a trial wrong rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import IO

from argo.adapters.wiring import Adapters
from argo.closing import Rules as ClosingRules
from argo.domain.execution import Execution
from argo.domain.faults import BrokerFault
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import AfterSubmit, after_submit
from argo.domain.profile import Profile
from argo.domain.signal import Signal
from argo.environment import Environment
from argo.ports import Broker, Clock, MarketData, Ports, Unavailable
from argo.ports.interposed import InterposedBroker, InterposedMarketData
from argo.time_left import TimeLeft
from execution import gate
from execution.account import BrokerFacts
from execution.backoff import Limits
from execution.message import Malformed, read_signal
from execution.recording import Recorder
from execution.sending import Sender

SERVICE = "execute"


@dataclass(frozen=True, slots=True)
class Rules:
    """What each decision on a signal's way goes by, each replaceable: a trial that has a wrong one must notice."""

    read: Callable[[str], Signal | Malformed] = read_signal
    has_expired: Callable[[Signal, datetime], bool] = Signal.is_expired
    exit_checks: Sequence[gate.AccountCheck] = gate.EXIT_CHECKS
    ledger_checks: Sequence[gate.LedgerCheck] = gate.LEDGER_CHECKS
    sender: type[Sender] = Sender
    recorder: type[Recorder] = Recorder
    after_submit: Callable[[BrokerOrder | BrokerFault], AfterSubmit] = after_submit
    closing: ClosingRules = field(default_factory=ClosingRules)
    passing: tuple[type[Exception], ...] = (Unavailable,)


@dataclass(frozen=True)
class Wiring:
    """One account's executor, and what it remembers from batch to batch."""

    ports: Ports
    executor: str
    profile: Profile
    limits: Limits = field(default_factory=Limits)
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def time_left(self) -> TimeLeft:
        """What the batch under way has left of its invocation's time."""
        return TimeLeft()

    @cached_property
    def broker(self) -> Broker:
        """The account's broker; every request to it asks for its time first."""
        return InterposedBroker(self.ports.broker, self.time_left.asked)

    @cached_property
    def market_data(self) -> MarketData:
        """Market data, likewise."""
        return InterposedMarketData(self.ports.market_data, self.time_left.asked)

    @cached_property
    def facts(self) -> BrokerFacts:
        """What the broker says of symbols and of the exchange's hours."""
        return BrokerFacts(self.broker, self.ports.clock)

    def tell(self, event: str, execution: Execution, **detail: str | float) -> None:
        """Log an event of an execution with the keys that every one of them has."""
        self.ports.telemetry.log.info(
            event,
            signal_id=execution.signal_id,
            executor=self.executor,
            symbol=execution.symbol,
            state=execution.state,
            reason=execution.reason,
            detail=detail,
            stacklevel=2,
        )


def from_environment(
    environment: Environment, clock: Clock, *, profile: Profile | None = None, log_to: IO[str] | None = None
) -> Wiring:
    """Wire the executor to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong, mode and address do not belong together.
    """
    environment.check_addresses()
    profile, name = profile or environment.profile(), environment.executor
    adapters = Adapters(environment, clock, service=SERVICE, executor=name, feed=profile.feed, log_to=log_to)
    return Wiring(adapters, name, profile)
