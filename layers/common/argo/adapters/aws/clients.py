"""botocore's clients, made with as little of botocore's data as the three services need."""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session, get_session

from argo.adapters.clock import SystemClock
from argo.adapters.idling import Idling

SERVICES = ("dynamodb", "sqs", "ssm")
"""The AWS services that Argo calls."""

CALLS_AT_A_TIME = 10
"""Blocking calls under way per service: a batch of ten records never waits for a thread."""

ATTEMPTS = 3
"""How often botocore sends a request that is throttled or gets no answer, in all."""

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    max_pool_connections=CALLS_AT_A_TIME,
    # The service checks every request again; botocore's own check is a tenth of a warm executor's CPU.
    parameter_validation=False,
)

type Keys = tuple[str | None, str | None, str | None]
"""Access key id, secret key and session token; botocore finds what is None."""


@cache
def shared_client(service: str, region: str | None, endpoint_url: str | None, keys: Keys) -> Any:  # noqa: ANN401 - a type per service
    """Make a client once per process: it is thread-safe, and making it costs more than a hundred requests.

    By botocore, which is what `boto3.client` does too; boto3 itself would import its transfer manager for S3.
    """
    key_id, secret_key, token = keys
    client = session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        config=_CONFIG,
    )
    client.meta.events.register(f"before-send.{service}", _LeavesIdleConnections(client).look)
    return client


class _LeavesIdleConnections:
    """Closes a client's connections before a request where they have idled for too long.

    Botocore would find each of them dead in its turn, with a backoff after each: ten in a pool, three attempts.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - a type per service
        self._http_session = client._endpoint.http_session  # noqa: SLF001 - no argument takes one
        self._idling = Idling()

    def look(self, **_: object) -> None:
        if self._idling.too_long(SystemClock().now()):
            self._http_session.close()


@cache
def session() -> Session:
    made = get_session()
    made.register_component("data_loader", _KnownServices())
    return made


class _KnownServices(Loader):
    """Reads what Argo's services need: most of a client's making is data of four hundred others."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        return list(SERVICES)

    def load_data_with_path(self, name: str) -> Any:  # noqa: ANN401 - as in botocore
        """Leave the catalogue of endpoints empty, 1.2 MB of JSON that decide nothing here.

        Where requests go, and for which region they are signed, is said by the rules that come with each service's
        model; the catalogue gives a first guess that these replace.
        """
        if name != "endpoints":
            return super().load_data_with_path(name)
        _, path = super().load_data_with_path("partitions")
        return {"partitions": [], "version": 3}, path
