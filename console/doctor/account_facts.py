"""What is known of one account: its queues and its record, and, where it is deployed, its key and its broker."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from argo.adapters.aws.parameters import Credentials
from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.account import AccountState, BrokerAccount
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from console.credential_rules import mismatch, problem_of, read_secret
from console.dead_letters import DeadLetters
from console.doctor.attempts import attempt
from console.doctor.finding import NotKnown, known
from console.doctor.functions import FunctionFacts, function_in
from console.stacks import Clients, Stack, logical_name

RESTORE = "restore it to a second before it went: docs/operations.md, What survives"
_LETTERS = 10


class QueueFacts(NamedTuple):
    """An account's queue and what its dead-letter queue is called."""

    visibility: timedelta
    redrives_to: str | None
    dead_letter_arn: str
    waiting: int


class StoredKey(NamedTuple):
    """An account's key as it lies in the parameter store."""

    parameter: str
    kind: str
    credentials: Credentials


class AccountFacts:
    """One account, of any deployment."""

    def __init__(
        self, clients: Clients, executor: str, adapters: Adapters, urls: tuple[str, str], *, recreate: str
    ) -> None:
        """Take the ``urls`` of its queue and of its dead-letter queue, and what brings a queue back."""
        self.executor = executor
        self.queue_url, self._dead_letter_url = urls
        self._clients = clients
        self._adapters = adapters
        self._recreate = recreate

    @cached_property
    def queue(self) -> QueueFacts | NotKnown:
        """Its two queues."""

        def read() -> QueueFacts:
            live = self._attributes(self.queue_url, "All")
            return QueueFacts(
                visibility=timedelta(seconds=int(live["VisibilityTimeout"])),
                redrives_to=json.loads(live.get("RedrivePolicy", "{}")).get("deadLetterTargetArn"),
                dead_letter_arn=self._attributes(self._dead_letter_url, "QueueArn")["QueueArn"],
                waiting=int(live["ApproximateNumberOfMessages"]),
            )

        return attempt(f"queue of {self.executor}", read, missing=self._recreate)

    @cached_property
    def dead_letters(self) -> tuple[int, datetime | None] | NotKnown:
        """How many dead letters there are, and since when the oldest of some; they stay where they are."""

        def read() -> tuple[int, datetime | None]:
            known(self.queue)
            name = "ApproximateNumberOfMessages"
            count = int(self._attributes(self._dead_letter_url, name)[name])
            if not count:
                return 0, None
            dead, live = self._adapters.consumer(self._dead_letter_url), self._adapters.queue_at(self.queue_url)
            letters = asyncio.run(DeadLetters(dead, live).look(_LETTERS))
            sent = [int(each.attributes["SentTimestamp"]) for each in letters]
            return count, datetime.fromtimestamp(min(sent) / 1_000, UTC) if sent else None

        return attempt(f"dead letters of {self.executor}", read)

    @cached_property
    def state(self) -> AccountState | NotKnown:
        """Its record in the ledger."""
        ledger, executor = self._adapters.ledger, self.executor
        return attempt(
            f"ledger's record of {executor}", lambda: asyncio.run(ledger.account(executor)), missing=RESTORE
        )

    def _attributes(self, url: str, name: str) -> Mapping[str, str]:
        answer = self._clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        attributes: Mapping[str, str] = answer.get("Attributes", {})
        return attributes


class DeployedAccountFacts(AccountFacts):
    """An account of a stack: also its key, and its broker as its executor asks it."""

    def __init__(
        self,
        clients: Clients,
        executor: str,
        adapters: Adapters,
        *,
        stack: Stack,
        functions: Mapping[str, FunctionFacts | NotKnown],
    ) -> None:
        """Look at an account of ``stack``."""
        urls = stack.queue_urls[executor], stack.dead_letter_urls[executor]
        super().__init__(clients, executor, adapters, urls, recreate=revert_drift(stack))
        self._stack = stack
        self._functions = functions
        self.new_key = f"argo credentials set {executor} --stack {stack.name}"

    @property
    def executed_by(self) -> FunctionFacts | NotKnown:
        """The function that its queue feeds."""
        return function_in(self._functions, f"Execute{logical_name(self.executor)}Function")

    @cached_property
    def mapping(self) -> Mapping[str, Any] | NotKnown:
        """What carries its queue to its function, as AWS describes it."""

        def read() -> Mapping[str, Any]:
            uuid = self._stack.physical_id(f"Execute{logical_name(self.executor)}Source")
            found: Mapping[str, Any] = self._clients("lambda").get_event_source_mapping(UUID=uuid)
            return found

        return attempt(f"event source mapping of {self.executor}", read, missing=self._recreate)

    @cached_property
    def key(self) -> StoredKey | NotKnown:
        """Its key; where the parameter holds none, its value is not told."""

        def read() -> StoredKey:
            parameter = known(self.executed_by).variables["ARGO_CREDENTIALS_PARAMETER"]
            found = self._clients("ssm").get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
            credentials = read_secret(parameter, found["Value"])
            if problem := problem_of(credentials):
                raise ConfigurationError(f"parameter {parameter}: {problem}")
            return StoredKey(parameter, found["Type"], credentials)

        return attempt(f"key of {self.executor}", read, missing=self.new_key)

    @cached_property
    def address(self) -> str | NotKnown:
        """In which mode it trades, and where; mode, address and key have to be of one world."""

        def read() -> str:
            variables, key = known(self.executed_by).variables, known(self.key)
            mode, url = variables["ARGO_MODE"], variables["APCA_API_BASE_URL"]
            if why := mismatch(key.credentials.key_id, url, mode):
                other = "or the other address: Mode and AlpacaTradingUrl in samconfig.toml, make deploy"
                raise NotKnown(f"key of that address for {self.executor}", why, f"{self.new_key}; {other}")
            return f"{mode} at {url}"

        return attempt(f"address of {self.executor}", read)

    @cached_property
    def broker(self) -> BrokerAccount | NotKnown:
        """Its account at the broker; a key of another world is shown to nobody."""

        def read() -> BrokerAccount:
            known(self.address)
            return asyncio.run(self._as_its_executor().broker.account())

        return attempt(f"account of {self.executor}", read, new_key=self.new_key)

    @cached_property
    def exchange_ahead(self) -> timedelta | NotKnown:
        """How far the exchange's clock is before this machine's."""

        async def ask(adapters: Adapters) -> timedelta:
            before = adapters.clock.now()
            told = (await adapters.broker.clock()).now
            return told - (before + (adapters.clock.now() - before) / 2)

        def read() -> timedelta:
            known(self.broker)
            return asyncio.run(ask(self._as_its_executor()))

        return attempt(f"clock of {self.executor}", read, new_key=self.new_key)

    def _as_its_executor(self) -> Adapters:
        return adapters_with(known(self.key), known(self.executed_by).variables)


def adapters_with(key: StoredKey, variables: Mapping[str, str], *, feed: str = "iex") -> Adapters:
    """Return adapters with a function's addresses and a key, which lies in no environment."""
    own = {"APCA_API_KEY_ID": key.credentials.key_id, "APCA_API_SECRET_KEY": key.credentials.secret_key}
    return Adapters(Environment({**variables, **own}), SystemClock(), feed=feed)


def revert_drift(stack: Stack) -> str:
    """Return what brings back a resource that somebody deleted or changed by hand; a deployment alone does not."""
    return (
        f"bring it back: aws cloudformation create-change-set --stack-name {stack.name} --change-set-name revert "
        "--deployment-mode REVERT_DRIFT --use-previous-template --capabilities CAPABILITY_IAM "
        "CAPABILITY_AUTO_EXPAND, then execute-change-set"
    )
