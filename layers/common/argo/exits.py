"""Leave a position before its own legs do: cancel what holds it, confirm, then sell exactly what is held.

A signal against the position, an operator, a time limit: whoever wants out goes this one way. Each step is on the
record before the next, so that whoever comes after a crash goes on where it stood, and the order's id is derived
from the execution that is left, so that two who want the same position out place one order (FAILURES B10).
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from argo.domain.execution import Execution, ExecutionState, Exit, Leg, client_order_id
from argo.domain.faults import BrokerFault, Duplicate, Refused
from argo.domain.orders import BrokerOrder, OrderType, TimeInForce, plain
from argo.domain.outcome import Wait, waiting_for
from argo.domain.prices import CRYPTO_STEP, floor_to
from argo.domain.reasons import Obstacle
from argo.domain.settlement import held
from argo.domain.signal import Side
from argo.domain.symbols import canonical_or_raw
from argo.ports import Broker, Clock, Ledger

_SOON = timedelta(seconds=2)
_HOLDS_A_POSITION = frozenset({ExecutionState.SUBMITTED, ExecutionState.PARTIALLY_FILLED, ExecutionState.FILLED})


@dataclass(frozen=True, slots=True)
class Left:
    """The broker has the order that closes the position; ``entry`` is the one that opened it."""

    execution: Execution
    entry: BrokerOrder
    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class NothingHeld:
    """There is nothing to close: the entry never filled and is cancelled now, or its legs have closed it."""

    execution: Execution
    entry: BrokerOrder


type Leaving = Left | NothingHeld | Wait


@dataclass(frozen=True, slots=True)
class Leaver:
    """Leaves positions of one account."""

    ledger: Ledger
    broker: Broker
    clock: Clock

    async def leave(self, execution: Execution, why: str) -> Leaving:
        """Bring an execution's exit as far as it will go now; call again after a `Wait`.

        Raises:
            LostLease: the execution moved meanwhile.
        """
        entry_id = execution.order_id
        if execution.state not in _HOLDS_A_POSITION or entry_id is None:
            return self._wait("the entry's fate is not known yet")
        if execution.exit is None:
            planned = Exit(why=why, planned_at=self.clock.now())
            execution = await self.ledger.record_exit(execution, planned, now=self.clock.now())
        try:
            return await self._go_on(execution, entry_id)
        except BrokerFault as fault:
            return waiting_for(fault)

    async def _go_on(self, execution: Execution, entry_id: str) -> Leaving:
        planned = _planned(execution)
        entry = await self.broker.order(entry_id)
        if entry is None:
            return self._wait("the broker does not show the entry")
        if planned.order_id is not None:
            return await self._follow(execution, entry, planned, planned.order_id)
        if planned.order_body is not None and (sent := await self._sent(execution, planned)) is not None:
            return await self._accepted(execution, entry, planned, sent)
        entry = await self._cancel(entry)
        if _live(entry):
            return self._wait("its orders are being cancelled")
        quantity = await self._quantity(execution, entry)
        if quantity is None:
            return self._wait("orders and positions disagree")
        if quantity == 0:
            return NothingHeld(execution, entry)
        execution, planned = await self._intend(execution, planned, quantity)
        return await self._submit(execution, entry, planned)

    async def _follow(self, execution: Execution, entry: BrokerOrder, planned: Exit, order_id: str) -> Leaving:
        """Look at an exit the broker has; one that ended unfilled has a next attempt."""
        order = await self.broker.order(order_id)
        if order is None:
            return self._wait("the broker does not show the exit")
        if order.status.is_final and held(entry, order) > 0 and not order.filled_quantity:
            again = Exit(why=planned.why, planned_at=planned.planned_at, attempt=planned.attempt + 1)
            await self.ledger.record_exit(execution, again, now=self.clock.now())
            return self._wait(f"the exit was {order.status}")
        return Left(execution, entry, order)

    async def _sent(self, execution: Execution, planned: Exit) -> BrokerOrder | None:
        return await self.broker.order_by_client_id(_client_order_id(execution, planned))

    async def _cancel(self, entry: BrokerOrder) -> BrokerOrder:
        """Cancel the entry and its legs; the broker cancels a group when one of it is cancelled."""
        if not (live := _live(entry)):
            return entry
        for order in live:
            await self.broker.cancel(order.order_id)
        return await self.broker.order(entry.order_id) or entry

    async def _quantity(self, execution: Execution, entry: BrokerOrder) -> Decimal | None:
        """Return what is held of the entry: by its fills, and no more than the position; None when unclear."""
        ours = held(entry)
        if ours <= 0:
            return Decimal(0)
        position = next(
            (
                abs(position.quantity)
                for position in await self.broker.positions()
                if canonical_or_raw(position.symbol) == execution.symbol
                and (position.quantity > 0) is (execution.side is Side.BUY)
            ),
            Decimal(0),
        )
        return floor_to(min(ours, position), CRYPTO_STEP) or None

    async def _intend(self, execution: Execution, planned: Exit, quantity: Decimal) -> tuple[Execution, Exit]:
        body = {
            "symbol": str(execution.symbol),
            "side": str(execution.side.opposite),
            "qty": plain(quantity),
            "type": str(OrderType.MARKET),
            "time_in_force": str(TimeInForce.GTC if execution.symbol.is_crypto else TimeInForce.DAY),
            "client_order_id": _client_order_id(execution, planned),
        }
        intended = planned.model_copy(update={"order_body": body})
        return await self.ledger.record_exit(execution, intended, now=self.clock.now()), intended

    async def _submit(self, execution: Execution, entry: BrokerOrder, planned: Exit) -> Leaving:
        try:
            order = await self.broker.submit(planned.order_body or {})
        except Duplicate:
            found = await self._sent(execution, planned)
            if found is None:
                return self._wait("the broker knows the exit and does not show it")
            order = found
        except Refused as refusal:
            # Nothing was placed: what is held is read anew before the next attempt.
            again = Exit(why=planned.why, planned_at=planned.planned_at, attempt=planned.attempt + 1)
            await self.ledger.record_exit(execution, again, now=self.clock.now())
            return self._wait("the broker refused the exit", refusal.detail())
        return await self._accepted(execution, entry, planned, order)

    async def _accepted(self, execution: Execution, entry: BrokerOrder, planned: Exit, order: BrokerOrder) -> Left:
        accepted = planned.model_copy(update={"order_id": order.order_id})
        recorded = await self.ledger.record_exit(execution, accepted, now=self.clock.now())
        return Left(recorded, entry, order)

    def _wait(self, problem: str, detail: dict[str, str] | None = None) -> Wait:
        return Wait(Obstacle.AWAITING_EXIT, self.clock.now() + _SOON, {"exit": problem} | (detail or {}))


def _planned(execution: Execution) -> Exit:
    if execution.exit is None:
        raise ValueError(f"{execution.key}: no exit is planned")
    return execution.exit


def _client_order_id(execution: Execution, planned: Exit) -> str:
    return client_order_id(execution.executor, execution.signal_id, Leg.EXIT, planned.attempt)


def _live(entry: BrokerOrder) -> list[BrokerOrder]:
    return [order for order in (entry, *entry.legs) if not order.status.is_final]
