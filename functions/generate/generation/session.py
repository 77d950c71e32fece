"""When stocks may be traded on: the exchange's own clock, asked once per opening and closing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from argo.domain.account import MarketClock
from argo.domain.symbols import Symbol
from argo.ports import Broker


@dataclass(slots=True)
class Sessions:
    """Which symbols are in session. Holidays and half days are the exchange's to know, not a table's here."""

    exchange: Broker
    extended_hours: bool = False
    _known: MarketClock | None = None

    async def tradable(self, symbols: Collection[Symbol], now: datetime) -> frozenset[Symbol]:
        """Return the symbols that signals may be made of now: crypto always, stocks in regular hours.

        Raises:
            BrokerFault: the exchange's clock could not be had, so no stock is known to be in session.
        """
        stocks = {symbol for symbol in symbols if not symbol.is_crypto}
        if self.extended_hours or not stocks or await self._is_open(now):
            return frozenset(symbols)
        return frozenset(symbols) - stocks

    async def _is_open(self, now: datetime) -> bool:
        known = self._known
        if known is None or now >= min(known.next_open, known.next_close):
            known = self._known = await self.exchange.clock()
        return known.is_open
