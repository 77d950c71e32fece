"""The account as one batch sees it: read once, its reservations kept in step with the ledger's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from argo.domain.account import AccountState, Asset, Holding, MarketClock, minute_of
from argo.domain.execution import Execution
from argo.domain.faults import BrokerFault
from argo.domain.ledger import Intent
from argo.domain.signal import Side, Signal
from argo.domain.symbols import Symbol
from argo.ports import Broker, Clock
from execution.view import AccountView

if TYPE_CHECKING:
    from execution.wiring import Wiring

ASSET_AGE = timedelta(hours=1)
"""How long what the broker says of a symbol is believed."""

HOURS_AGE = timedelta(minutes=5)
"""How long the exchange's clock is believed within a session: it may be halted out of turn."""


@dataclass(slots=True)
class BrokerFacts:
    """What the broker says of symbols and of the exchange's hours, kept with its age over batches."""

    broker: Broker
    clock: Clock
    _assets: dict[Symbol, tuple[datetime, Asset | None]] = field(default_factory=dict)
    _hours: tuple[datetime, MarketClock] | None = None

    async def asset(self, symbol: Symbol) -> Asset | None:
        """Return an asset, asking for it when it is not known or too old."""
        now = self.clock.now()
        known = self._assets.get(symbol)
        if known is None or now - known[0] > ASSET_AGE:
            known = self._assets[symbol] = (now, await self.broker.asset(symbol))
        return known[1]

    async def hours(self) -> MarketClock:
        """Return the exchange's clock, asked again when it opens or closes, and every few minutes in between.

        Its ``now`` may be minutes old, what it says of the session is not.
        """
        now = self.clock.now()
        if self._hours is not None:
            asked_at, known = self._hours
            changes = known.next_close if known.is_open else known.next_open
            if now < changes and timedelta() <= now - asked_at <= HOURS_AGE:
                return known
        told = await self.broker.clock()
        self._hours = (now, told)
        return told


class AccountReader:
    """Hands out the account's view to a batch's records and takes their reservations, one at a time.

    The ledger's item is read before the broker's account. Whoever reserves in between moves the item's
    version, and the intent that was sized on the older view fails its condition; whoever reserved before is
    in the item. So no dollar is counted free twice (FAILURES B12).
    """

    def __init__(self, wiring: "Wiring") -> None:
        self._wiring = wiring
        self._clock = wiring.ports.clock
        self._state: AccountState | None = None
        self._seen: AccountView | None = None
        self._faults: dict[str, BrokerFault] = {}
        self._expected: set[Symbol] = set()
        self._prices: dict[Symbol, Decimal | None] = {}
        self._reading = asyncio.Lock()
        self.turn = asyncio.Lock()
        """The right to decide on the account, from the first question to the reservation made on the answers."""

    def expect(self, symbol: Symbol) -> None:
        """Say that a record of this batch is about a symbol, so that all prices come with one request."""
        self._expected.add(symbol)

    async def state(self) -> AccountState:
        """Return the ledger's view of the account, reading it when it is not known or has changed.

        Raises:
            ReservationConflict: it kept changing while it was read.
        """
        async with self._reading:
            return await self._read_state()

    async def _read_state(self) -> AccountState:
        if self._state is None:
            since = self._clock.now() - self._wiring.profile.protections.looks_back
            self._state = await self._wiring.ports.ledger.account(self._wiring.executor, exits_since=since)
            self._seen = None
        return self._state

    async def view(self, signal: Signal | None = None) -> AccountView:
        """Return what is known of the account; for an entry's decision also the signal's price and asset.

        A broker that has not told once is not asked again for this batch: ten records that wait for its silence
        one after the other would outlast the function.

        Raises:
            BrokerFault: the broker did not tell, which means no new risk (FAILURES A19).
            ReservationConflict: as `state`.
        """
        async with self._reading:
            state = await self._read_state()
            if self._seen is None:
                self._seen = await self._told("account", partial(self._read_broker, state))
            seen = replace(self._seen, state=state)
        if signal is None:
            return seen
        return replace(
            seen,
            prices=await self._told("prices", partial(self._prices_for, signal)),
            assets=await self._told("assets", partial(self._assets_for, signal)),
        )

    def reserved(self, execution: Execution, intent: Intent, *, on: AccountState) -> None:
        """Follow a reservation that this batch has just written on a record; any other one is out of date now."""
        if self._state is not on:
            self._state = None
            return
        state, now = on, self._clock.now()
        holding = Holding(execution.signal_id, execution.side, intent.notional, intent.risk, now)
        self._state = state.model_copy(
            update={
                "reserved_notional": state.reserved_notional + intent.notional,
                "reserved_risk": state.reserved_risk + intent.risk,
                "rate_minute": minute_of(now),
                "rate_orders": state.orders_in_minute(now) + 1,
                "version": state.version + 1,
                "holdings": {**state.holdings, execution.symbol: holding},
            }
        )

    def changed(self) -> None:
        """Forget the view: somebody else has written the account's item."""
        self._state = None

    async def _told[T](self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask once per batch: a fault is kept and raised again."""
        if what in self._faults:
            raise self._faults[what]
        try:
            return await ask()
        except BrokerFault as fault:
            self._faults[what] = fault
            raise

    async def _read_broker(self, state: AccountState) -> AccountView:
        read_at, broker = self._clock.now(), self._wiring.broker
        positions, orders = await asyncio.gather(broker.positions(), broker.open_orders())
        account, clock = await asyncio.gather(broker.account(), self._wiring.facts.hours())
        return AccountView(read_at, state, account, clock, tuple(positions), tuple(orders))

    async def _prices_for(self, signal: Signal) -> dict[Symbol, Decimal]:
        if self._wiring.profile.price_drift_percent is None:
            return {}
        if signal.symbol not in self._prices:
            asked = {signal.symbol, *self._expected} - set(self._prices)
            found = await self._wiring.market_data.latest_prices(asked)
            self._prices |= {symbol: found.get(symbol) for symbol in asked}
        return {symbol: price for symbol, price in self._prices.items() if price is not None}

    async def _assets_for(self, signal: Signal) -> dict[Symbol, Asset | None]:
        """Ask for the asset where its answer decides: a share sold short, a fraction bought."""
        decides = signal.side is Side.SELL or self._wiring.profile.fractional
        if signal.symbol.is_crypto or not decides:
            return {}
        return {signal.symbol: await self._wiring.facts.asset(signal.symbol)}
