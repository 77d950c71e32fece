"""Asks each account's broker with the key that its executor uses, and the feed as the generator does."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.account import BrokerAccount
from argo.domain.config import Configuration
from argo.domain.faults import BrokerFault, Refused, Throttled, Unauthorised
from argo.environment import Environment
from argo.ports import Clock
from console.credential_rules import mismatch
from console.doctor.facts import MarketFacts, StoredKey
from console.doctor.finding import NotKnown, Unread


def address(executor: str, variables: Mapping[str, str], key: StoredKey, *, cure: str) -> str:
    """Return in which mode an account trades, and where.

    Raises:
        NotKnown: mode, address and key are not of one world; the key is shown to nobody then.
    """
    mode, url = variables["ARGO_MODE"], variables["APCA_API_BASE_URL"]
    if why := mismatch(key.credentials.key_id, url, mode):
        other = "or the other address: Mode and AlpacaTradingUrl in samconfig.toml, make deploy"
        raise NotKnown(Unread(f"key of that address for {executor}", why, f"{cure}; {other}"))
    return f"{mode} at {url}"


def account(executor: str, variables: Mapping[str, str], key: StoredKey, *, cure: str) -> BrokerAccount:
    """Ask the broker for the account.

    Raises:
        NotKnown: it does not tell.
    """
    broker = _adapters(variables, key).broker
    return _asked(f"account of {executor}", lambda: asyncio.run(broker.account()), cure)


def exchange_ahead(executor: str, variables: Mapping[str, str], key: StoredKey, *, cure: str) -> timedelta:
    """Return how far the exchange's clock is before this machine's.

    Raises:
        NotKnown: the broker does not tell.
    """
    adapters = _adapters(variables, key)
    return _asked(f"clock of {executor}", lambda: asyncio.run(_ahead(adapters)), cure)


def market_facts(
    configuration: Configuration, variables: Mapping[str, str], key: StoredKey, *, cure: str
) -> MarketFacts:
    """Ask the feed for the last price of every symbol of the watchlist.

    Raises:
        NotKnown: it does not tell.
    """
    feed = configuration.generation.feed
    data = _adapters(variables, key, feed=feed).market_data
    prices = _asked("market data", lambda: asyncio.run(data.latest_prices(configuration.watchlist)), cure)
    return MarketFacts(feed, configuration.watchlist, frozenset(prices))


def _adapters(variables: Mapping[str, str], key: StoredKey, *, feed: str = "iex") -> Adapters:
    """Return adapters with a function's addresses and its key, which lies in no environment."""
    clock: Clock = SystemClock()
    own = {"APCA_API_KEY_ID": key.credentials.key_id, "APCA_API_SECRET_KEY": key.credentials.secret_key}
    return Adapters(Environment({**variables, **own}), clock, feed=feed)


async def _ahead(adapters: Adapters) -> timedelta:
    before = adapters.clock.now()
    told = (await adapters.broker.clock()).now
    return told - (before + (adapters.clock.now() - before) / 2)


def _asked[T](what: str, ask: Callable[[], T], cure: str) -> T:
    """Ask, and turn the broker's faults into what to do about them."""
    try:
        return ask()
    except BrokerFault as fault:
        said = fault.message + (f" (HTTP {fault.status})" if fault.status else "")
        raise NotKnown(Unread(what, said, _cure(fault, cure))) from fault


def _cure(fault: BrokerFault, cure: str) -> str:
    match fault:
        case Unauthorised():
            return f"the key is refused: {cure}"
        case Throttled():
            return "the account's requests of this minute are used up: try again in a minute"
        case Refused():
            return "Alpaca's words say why; its support takes the request id"
        case _:
            return "try again; if it stays: https://status.alpaca.markets, or the address in the template"
