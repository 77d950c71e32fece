"""The account as one batch sees it: read once, its reservations kept in step with the ledger's."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from argo.domain.account import AccountState, BrokerAccount, MarketClock
from argo.domain.faults import BrokerFault
from argo.ports import Broker, Ledger


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the gate and the sizing decide on; amounts in USD."""

    state: AccountState
    broker: BrokerAccount
    clock: MarketClock

    @property
    def unreserved_buying_power(self) -> Decimal:
        """Buying power less what open executions have reserved.

        An order that is open at the broker counts in both, so this errs towards less.
        """
        return max(self.broker.buying_power - self.state.reserved_notional, Decimal(0))


class AccountDesk:
    """Hands out the account's view to a batch's records and takes their reservations, one at a time.

    The ledger's item is read before the broker's account. Whoever reserves in between moves the item's
    version, and the intent that was sized on the older view fails its condition; whoever reserved before is
    in the item. So no dollar is counted free twice (FAILURES B12).
    """

    def __init__(self, ledger: Ledger, broker: Broker, executor: str) -> None:
        """Serve ``executor``."""
        self._ledger = ledger
        self._broker = broker
        self._executor = executor
        self._view: AccountView | None = None
        self._fault: BrokerFault | None = None
        self.turn = asyncio.Lock()
        """Held from the view to the reservation that is made on it."""

    async def view(self) -> AccountView:
        """Return the account, reading it when it is not known or has changed.

        A broker that has not told once is not asked again for this batch: ten records that wait for its silence
        one after the other would outlast the function.

        Raises:
            BrokerFault: the broker did not tell, which means no new risk (FAILURES A19).
        """
        if self._fault is not None:
            raise self._fault
        if self._view is None:
            state = await self._ledger.account(self._executor)
            try:
                broker, clock = await asyncio.gather(self._broker.account(), self._broker.clock())
            except BrokerFault as fault:
                self._fault = fault
                raise
            self._view = AccountView(state=state, broker=broker, clock=clock)
        return self._view

    def reserved(self, notional: Decimal, risk: Decimal) -> None:
        """Follow a reservation that this batch has just written."""
        if self._view is not None:
            state = self._view.state
            following = state.model_copy(
                update={
                    "reserved_notional": state.reserved_notional + notional,
                    "reserved_risk": state.reserved_risk + risk,
                    "version": state.version + 1,
                }
            )
            self._view = AccountView(state=following, broker=self._view.broker, clock=self._view.clock)

    def changed(self) -> None:
        """Forget the view: somebody else has written the account's item."""
        self._view = None
