"""alpaca-py's REST client, and no more of it.

`TradingClient` and `StockHistoricalDataClient` add request and response models to it. The models cost half the
import time, raise on a status that Alpaca adds after the order was accepted, and need pandas; so Argo sends and
reads plain JSON through the client that both are built on (measured on 0.44.0, see docs/decisions.md).
"""

from collections.abc import Callable

from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient

from argo.adapters.aws.parameters import Credentials

__all__ = ["APIError", "RESTClient", "client_maker"]


def client_maker(credentials: Callable[[], Credentials], base_url: str) -> Callable[[], RESTClient]:
    """Return what makes a client of an API at ``base_url``, with or without its ``/v2``.

    The credentials are read when a client is made, not before.
    """
    url = base_url.rstrip("/").removesuffix("/v2")

    def make() -> RESTClient:
        keys = credentials()
        return RESTClient(base_url=url, api_key=keys.key_id, secret_key=keys.secret_key, raw_data=True)

    return make
