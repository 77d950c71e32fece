"""The real adapters, made from the environment: the ports that every handler is wired to."""

from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import IO, TYPE_CHECKING, Any

from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.market_data import AlpacaMarketData
from argo.adapters.aws.clients import CALLS_AT_A_TIME, shared_client
from argo.adapters.aws.ledger import DynamoLedger
from argo.adapters.aws.parameters import Credentials, StoredKey, read_credentials
from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


class Adapters:
    """`argo.ports.Ports` on AWS and Alpaca: each is made when it is asked for, and clients are shared."""

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        *,
        service: str = "argo",
        executor: str | None = None,
        feed: str = "iex",
        log_to: IO[str] | None = None,
        calls: Callable[[str], BlockingCalls] | None = None,
    ) -> None:
        """Read addresses, names and keys from ``environment``.

        ``service`` is what logs and metrics name as their origin, ``executor`` the account that they are about,
        ``feed`` that of market data. Logs go to standard output without ``log_to``; ``calls`` gives a service's
        threads by its name.
        """
        self.environment = environment
        self.clock = clock
        self._service, self._executor = service, executor
        self._feed = feed
        self._log_to = log_to
        self._calls = calls or _threads

    @cached_property
    def telemetry(self) -> Telemetry:
        return Telemetry(self._service, mode=self.environment.mode, executor=self._executor, stream=self._log_to)

    @cached_property
    def ledger(self) -> DynamoLedger:
        client: DynamoDBClient = self._client("dynamodb")
        table, mode = self.environment.table_name, self.environment.mode
        return DynamoLedger(client, table, mode=mode, calls=self._calls("dynamodb"), clock=self.clock)

    @cached_property
    def queue(self) -> SqsSignalQueue:
        return self.queue_at(self.environment.queue_url, self.environment.dead_letter_url)

    @cached_property
    def queues(self) -> dict[str, SqsSignalQueue]:
        return {executor: self.queue_at(url) for executor, url in self.environment.queue_urls.items()}

    @cached_property
    def broker(self) -> AlpacaBroker:
        return AlpacaBroker(
            self._key,
            self.environment.trading_url,
            clock=self.clock,
            calls=self._calls("trading"),
            key=self._key,
        )

    def queue_at(self, queue_url: str, dead_letter_url: str | None = None) -> SqsSignalQueue:
        """Return a queue by its URL."""
        client: Callable[[], SQSClient] = partial(self._client, "sqs")
        return SqsSignalQueue(client, queue_url, dead_letter_url=dead_letter_url, calls=self._calls("sqs"))

    @cached_property
    def market_data(self) -> AlpacaMarketData:
        return AlpacaMarketData(
            self._key,
            self.environment.data_url,
            feed=self._feed,
            clock=self.clock,
            calls=self._calls("data"),
            key=self._key,
        )

    def credentials(self) -> Credentials:
        """Return the broker's key: from the environment when local, else from the parameter store.

        Raises:
            ConfigurationError: neither has it.
            Unavailable: the parameter store did not tell.
        """
        return self._key()

    @cached_property
    def _key(self) -> StoredKey:
        return StoredKey(self._read_key, self.clock)

    def _read_key(self) -> Credentials:
        if local := self.environment.local_key:
            return Credentials(*local)
        client: SSMClient = self._client("ssm")
        return read_credentials(client, self.environment.credentials_parameter)

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
