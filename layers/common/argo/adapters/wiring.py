"""The real adapters, made from the environment: what every handler's wiring starts from."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.market_data import AlpacaMarketData
from argo.adapters.aws.clients import CALLS_AT_A_TIME, shared_client
from argo.adapters.aws.ledger import DynamoLedger
from argo.adapters.aws.parameters import Credentials, read_credentials
from argo.adapters.aws.queue import SqsConsumer, SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.environment import Environment
from argo.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


class Adapters:
    """Adapters that share their clients and threads, each made when it is first asked for."""

    def __init__(
        self, environment: Environment, clock: Clock, *, calls: Callable[[str], BlockingCalls] | None = None
    ) -> None:
        """Read addresses, names and keys from ``environment``; ``calls`` are a service's threads, by its name."""
        self.environment = environment
        self.clock = clock
        self._calls = calls or _threads

    @cached_property
    def ledger(self) -> DynamoLedger:
        """The ledger's table."""
        client: DynamoDBClient = self._client("dynamodb")
        environment = self.environment
        return DynamoLedger(client, environment.table_name, mode=environment.mode, calls=self._calls("dynamodb"))

    @cached_property
    def queue(self) -> SqsSignalQueue:
        """The queue of the account this function serves."""
        return SqsSignalQueue(
            self._sqs,
            self.environment.queue_url,
            dead_letter_url=self.environment.dead_letter_url,
            calls=self._calls("sqs"),
        )

    @cached_property
    def queues(self) -> dict[str, SqsSignalQueue]:
        """Every account's queue, to publish to."""
        return {executor: self.queue_at(url) for executor, url in self.environment.queue_urls.items()}

    @cached_property
    def broker(self) -> AlpacaBroker:
        """The account's broker."""
        return AlpacaBroker(
            self.credentials,
            self.environment.trading_url,
            clock=self.clock,
            calls=self._calls("trading"),
            forget_key=self._forget_key,
        )

    def queue_at(self, queue_url: str) -> SqsSignalQueue:
        """A queue by its URL, to send to."""
        return SqsSignalQueue(self._sqs, queue_url, calls=self._calls("sqs"))

    def consumer(self, queue_url: str) -> SqsConsumer:
        """The polling side of a queue, for a world without Lambda."""
        return SqsConsumer(self._sqs(), queue_url, calls=self._calls("sqs"))

    def market_data(self, feed: str) -> AlpacaMarketData:
        """Market data of a feed."""
        return AlpacaMarketData(
            self.credentials,
            self.environment.data_url,
            feed=feed,
            clock=self.clock,
            calls=self._calls("data"),
            forget_key=self._forget_key,
        )

    def credentials(self) -> Credentials:
        """Read the broker's key: from the environment when local, else from the parameter store.

        Raises:
            ConfigurationError: neither has it.
        """
        if local := self.environment.local_key:
            return Credentials(*local)
        return self._stored_credentials

    def _forget_key(self) -> None:
        """Let the parameter be read again: the broker has refused what it held."""
        self.__dict__.pop("_stored_credentials", None)

    @cached_property
    def _stored_credentials(self) -> Credentials:
        client: SSMClient = self._client("ssm")
        return read_credentials(client, self.environment.credentials_parameter)

    def _sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs")
        return client

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has a type per service
        """Return a client on the environment's own keys, region and endpoint; botocore finds what it lacks."""
        variables = self.environment.variables
        return shared_client(
            service,
            variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION"),
            variables.get("AWS_ENDPOINT_URL") or None,
            (
                variables.get("AWS_ACCESS_KEY_ID"),
                variables.get("AWS_SECRET_ACCESS_KEY"),
                variables.get("AWS_SESSION_TOKEN"),
            ),
        )


@cache
def _threads(service: str) -> BlockingCalls:
    return BlockingCalls(service, CALLS_AT_A_TIME)
