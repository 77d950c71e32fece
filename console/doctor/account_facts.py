"""What is known of one account: its queues and its record, and, where it is deployed, its key and its broker."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from argo.adapters.aws.parameters import Credentials
from argo.adapters.wiring import Adapters
from argo.domain.account import AccountState, BrokerAccount
from argo.domain.addresses import trading_address
from argo.domain.naming import logical_name
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from console.doctor.attempts import NotKnown, fact
from console.keys import mismatch, problem_of, read_secret

if TYPE_CHECKING:
    from console.doctor.facts import Facts, FunctionFacts, StackFacts

RESTORE = "restore it to a second before it went: docs/operations.md, What survives"
OTHER_ADDRESS = "Mode and AlpacaTradingUrl in samconfig.toml, make deploy"
_LETTERS = 10


class StoredKey(NamedTuple):
    """An account's key as it lies in the parameter store."""

    parameter: str
    kind: str
    credentials: Credentials


class AccountFacts:
    """One account, of any deployment."""

    def __init__(self, facts: "Facts", executor: str) -> None:
        """Look at an account of a deployment, of which ``facts`` are known."""
        self.facts = facts
        self.executor = executor
        resources = facts.deployment.resources
        self.queue_url, self._dead_letter_url = resources.queues[executor], resources.dead_letter_queues[executor]

    @fact("queue of {0.executor}", missing="{0.facts.recreate}")
    def queue(self) -> Mapping[str, str]:
        return self._attributes(self.queue_url)

    @fact("queue of {0.executor}", missing="{0.facts.recreate}")
    def dead_letter_queue(self) -> Mapping[str, str]:
        return self._attributes(self._dead_letter_url)

    @fact("dead letters of {0.executor}")
    def dead_letters(self) -> tuple[int, datetime | None]:
        """How many dead letters there are, and since when the oldest of some; they stay where they are."""
        _ = self.queue
        count = int(self.dead_letter_queue["ApproximateNumberOfMessages"])
        if not count:
            return 0, None
        letters = asyncio.run(self.facts.deployment.dead_letters(self.executor).look(_LETTERS))
        sent = [int(each.attributes["SentTimestamp"]) for each in letters]
        return count, datetime.fromtimestamp(min(sent) / 1_000, UTC) if sent else None

    @fact("ledger's record of {0.executor}", missing=RESTORE)
    def state(self) -> AccountState:
        return asyncio.run(self.facts.deployment.ledger.account(self.executor))

    def _attributes(self, url: str) -> Mapping[str, str]:
        answer = self.facts.clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes: Mapping[str, str] = answer["Attributes"]
        return attributes


class DeployedAccountFacts(AccountFacts):
    """An account of a stack: also its key, and its broker as its executor asks it."""

    facts: "StackFacts"

    @property
    def new_key(self) -> str:
        """What stores another key for it."""
        return f"argo credentials set {self.executor} --stack {self.facts.name}"

    @fact("function of {0.executor}")
    def executed_by(self) -> "FunctionFacts":
        return self.facts.function(f"Execute{logical_name(self.executor)}Function")

    @fact("event source mapping of {0.executor}", missing="{0.facts.recreate}")
    def mapping(self) -> Mapping[str, Any]:
        """What carries its queue to its function, as AWS describes it."""
        uuid = self.facts.stack.physical_id(f"Execute{logical_name(self.executor)}Source")
        found: Mapping[str, Any] = self.facts.clients("lambda").get_event_source_mapping(UUID=uuid)
        return found

    @fact("key of {0.executor}", missing="{0.new_key}")
    def key(self) -> StoredKey:
        """Its key; where the parameter holds none, its value is not told."""
        parameter = self.executed_by.variables["ARGO_CREDENTIALS_PARAMETER"]
        found = self.facts.clients("ssm").get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
        credentials = read_secret(parameter, found["Value"])
        if problem := problem_of(credentials):
            raise ConfigurationError(f"parameter {parameter}: {problem}")
        return StoredKey(parameter, found["Type"], credentials)

    @fact("address of {0.executor}")
    def address(self) -> str:
        """In which mode it trades, and where; mode, address and key have to be of one world."""
        variables = self.executed_by.variables
        mode, url = variables["ARGO_MODE"], variables["APCA_API_BASE_URL"]
        try:
            trading_address(mode, url)
        except ConfigurationError as error:
            raise NotKnown(f"address of {self.executor}", str(error), OTHER_ADDRESS) from error
        if why := mismatch(self.key.credentials.key_id, url, mode):
            cure = f"{self.new_key}; or the other address: {OTHER_ADDRESS}"
            raise NotKnown(f"key of that address for {self.executor}", why, cure)
        return f"{mode} at {url}"

    @fact("account of {0.executor}", new_key="{0.new_key}")
    def broker(self) -> BrokerAccount:
        return asyncio.run(self._adapters(self.executed_by).broker.account())

    @fact("clock of {0.executor}", new_key="{0.new_key}")
    def exchange_ahead(self) -> timedelta:
        """How far the exchange's clock is before this machine's."""
        _ = self.broker
        clock = self.facts.clock
        before = clock.now()
        told = asyncio.run(self._adapters(self.executed_by).broker.clock()).now
        return told - (before + (clock.now() - before) / 2)

    @fact("market data", new_key="{0.new_key}")
    def priced(self) -> frozenset[Symbol]:
        """Which of the watchlist's symbols the generator's feed has a price of, asked with this account's key."""
        configuration, generator = self.facts.configuration, self.facts.function("GenerateFunction")
        feed = self._adapters(generator, feed=configuration.generation.feed).market_data
        return frozenset(asyncio.run(feed.latest_prices(configuration.watchlist)))

    def _adapters(self, function: "FunctionFacts", *, feed: str = "iex") -> Adapters:
        """Return adapters with a function's addresses and the key; a key of another world is shown to nobody."""
        _ = self.address
        key = self.key.credentials
        own = {"APCA_API_KEY_ID": key.key_id, "APCA_API_SECRET_KEY": key.secret_key}
        return Adapters(Environment({**function.variables, **own}), self.facts.clock, feed=feed)
