"""What is known of a deployment when the checks begin; whatever could not be read says why instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo.adapters.aws.parameters import Credentials
from argo.domain.account import AccountState, BrokerAccount
from argo.domain.config import Configuration
from argo.domain.ledger import StoredSignal
from argo.domain.symbols import Symbol
from console.doctor.finding import Unread
from console.stacks import Stack


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks AWS, and where; ``ahead`` is how far AWS's clock is before this machine's, to a second."""

    arn: str
    account: str
    region: str
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class TableFacts:
    """The ledger's table; ``indexes`` has each index's state, recovery is None where nobody was asked."""

    name: str
    status: str
    indexes: Mapping[str, str]
    protected: bool
    recoverable: bool | None


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """A function; its variables name parameters and addresses, and hold no secret."""

    name: str
    arn: str
    state: str
    last_update: str
    modified_at: str
    runtime: str
    timeout: timedelta
    reserved: int | None
    code_sha256: str
    code_url: str = field(repr=False)
    layers: Sequence[str]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """An account's queue and what its dead-letter queue is called."""

    url: str
    visibility: timedelta
    redrives_to: str | None
    dead_letter_url: str
    dead_letter_arn: str
    waiting: int


@dataclass(frozen=True, slots=True)
class DeadLetterFacts:
    """How many dead letters there are, and since when the oldest of those that were looked at."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """What carries an account's queue to its function."""

    uuid: str
    state: str
    function_arn: str
    response_types: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What invokes a function every minute."""

    name: str
    state: str
    expression: str
    target_arn: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An account's key as it lies in the parameter store."""

    parameter: str
    kind: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Difference:
    """What is deployed and is not what this checkout has."""

    files: Sequence[str]
    resources: Sequence[str]


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """Which of the watchlist's symbols the feed has a price of."""

    feed: str
    asked: Sequence[Symbol]
    answered: frozenset[Symbol]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The generator's cycles of the last minutes, and the newest signal of the last days."""

    cycles: int
    last_signal: StoredSignal | None


@dataclass(frozen=True, slots=True)
class TradingFacts:
    """What an account trades with.

    ``address`` says in which mode and where; ``exchange_ahead`` is how far the exchange's clock is before this
    machine's.
    """

    mapping: MappingFacts | Unread
    key: StoredKey | Unread
    address: str | Unread
    broker: BrokerAccount | Unread
    exchange_ahead: timedelta | Unread


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One account: what every world has of it, and what only a deployed one has."""

    executor: str
    queue: QueueFacts | Unread
    dead_letters: DeadLetterFacts | Unread
    state: AccountState | Unread
    trading: TradingFacts | Unread


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the checks look at; ``selection`` is how another command names this deployment."""

    now: datetime
    selection: str
    checkout: str
    configuration: Configuration | Unread
    identity: Identity | Unread
    stack: Stack | Unread
    difference: Difference | Unread
    table: TableFacts | Unread
    functions: Mapping[str, FunctionFacts | Unread] | Unread
    schedules: Mapping[str, ScheduleFacts | Unread] | Unread
    subscribers: int | Unread
    accounts: Mapping[str, AccountFacts] | Unread
    market: MarketFacts | Unread
    heartbeat: Heartbeat | Unread
