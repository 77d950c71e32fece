"""Close a position before its own legs do: cancel what holds it, confirm, then sell exactly what is held.

A signal against the position, an operator, a time limit: whoever wants out goes this one way. Each step is on the
record before the next, so that whoever comes after a crash goes on where it stood, and the order's id is derived
from the execution whose position it is, so that two who want the same position out place one order (FAILURES B10).
Where two exits have both filled, the same way buys back what was sold too much.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.account import VIEWS_LAG
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import BrokerFault, Refused
from argo.domain.folding import fold
from argo.domain.orders import BrokerOrder, OrderStatus, OrderType, TimeInForce, plain
from argo.domain.outcome import Wait, may_arrive, waiting_for
from argo.domain.placements import Exit
from argo.domain.prices import CRYPTO_STEP, floor_to
from argo.domain.reasons import Obstacle
from argo.domain.settlement import Move, Orders, settle
from argo.domain.signal import Side
from argo.execution_orders import order_ids, orders_of, send
from argo.ports import Broker, Clock, Ledger
from argo.repeating import kept

_SOON = timedelta(seconds=2)
_HOLDS_A_POSITION = frozenset({ExecutionState.SUBMITTED, ExecutionState.PARTIALLY_FILLED, ExecutionState.FILLED})


@dataclass(frozen=True, slots=True)
class Rules:
    """What closing goes by, each replaceable: how orders are read, and what they mean for the execution."""

    orders_of: Callable[[Execution, Broker], Awaitable[Orders | None]] = orders_of
    settle: Callable[[Execution, Orders, datetime], Move | None] = settle


@dataclass(frozen=True, slots=True)
class Exited:
    """The broker has the order that closes the position: ``order``, the last of ``orders.exits``."""

    execution: Execution
    orders: Orders
    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class NothingHeld:
    """There is nothing to close: the entry never filled and is cancelled now, or its legs have closed it."""

    execution: Execution
    orders: Orders


type Closing = Exited | NothingHeld | Wait


@dataclass(frozen=True, slots=True)
class PositionCloser:
    """Closes positions of one account."""

    ledger: Ledger
    broker: Broker
    clock: Clock
    rules: Rules = Rules()

    async def close(self, execution: Execution, why: str) -> Closing:
        """Bring an execution's exit as far as it will go now; call again after a `Wait`.

        Raises:
            LostLease: the execution moved meanwhile.
        """
        if execution.state not in _HOLDS_A_POSITION or execution.order_id is None:
            return self._wait("the entry's fate is not known yet")
        begun = execution.exit is not None
        execution = await plan_exit(self.ledger, self.clock, execution, why)
        try:
            return await self._go_on(execution, begun=begun)
        except BrokerFault as fault:
            return waiting_for(fault)

    async def _go_on(self, execution: Execution, *, begun: bool) -> Closing:
        """Go on where the record stands; what was ``begun`` before this call may have been sent.

        The record need not say so: two that plan at once both write, and the later one has not sent anything.
        """
        planned = _planned(execution)
        orders = await self.rules.orders_of(execution, self.broker)
        if orders is None:
            return self._wait("the broker does not show its orders")
        if planned.order_id is not None:
            return await self._follow(execution, planned, orders)
        if begun:
            sent = await self.broker.order_by_client_id(execution.client_order_id_of(planned))
            if sent is not None:
                return await self._accepted(execution, planned, orders, sent)
        if orders.live:
            for order in orders.live:
                await self.broker.cancel(order.order_id)
            orders = await self.rules.orders_of(execution, self.broker)
        if orders is None or orders.live:
            return self._wait("its orders are being cancelled")
        quantity = await self._quantity(execution, orders.held)
        if quantity is None:
            return self._wait("orders and positions disagree")
        if quantity == 0:
            return NothingHeld(execution, orders)
        return await self._place(execution, planned, orders, quantity)

    async def _follow(self, execution: Execution, planned: Exit, orders: Orders) -> Closing:
        """Look at an exit the broker has; one that ended unfilled has a next attempt."""
        order = orders.exits[-1]
        if order.status.is_final and order.status is not OrderStatus.FILLED:
            await self._again(execution, planned, orders, filled_in_part=bool(order.filled_quantity))
            return self._wait(f"the exit was {order.status}")
        if await self._left_some(execution, orders, order):
            await self._again(execution, planned, orders, filled_in_part=True)
            return self._wait("the exit sold less than is held")
        return Exited(execution, orders, order)

    async def _left_some(self, execution: Execution, orders: Orders, order: BrokerOrder) -> bool:
        """Tell whether an exit has sold less than is held: it was planned on a position that was still growing.

        Told once the views agree: the position may show what the exit has sold already.
        """
        if order.filled_at is None or orders.live or self.clock.now() - order.filled_at <= VIEWS_LAG:
            return False
        left = await self._quantity(execution, orders.held)
        return left is not None and left > 0

    async def _quantity(self, execution: Execution, held: Decimal) -> Decimal | None:
        """Return what is held by the orders' fills and no more than the position; None where they disagree.

        Negative where two exits have sold too much, and the account is on the other side now.
        """
        if held == 0:
            return Decimal(0)
        shown = await self.broker.positions()
        signed = next((each.quantity for each in shown if each.symbol == execution.symbol), Decimal(0))
        position = signed if execution.side is Side.BUY else -signed
        if position * held <= 0:
            return None
        return floor_to(min(abs(held), abs(position)), CRYPTO_STEP).copy_sign(held)

    async def _place(self, execution: Execution, planned: Exit, orders: Orders, quantity: Decimal) -> Closing:
        side = execution.side if quantity.is_signed() else execution.side.opposite
        body = {
            "symbol": str(execution.symbol),
            "side": str(side),
            "qty": plain(abs(quantity)),
            "type": str(OrderType.MARKET),
            "time_in_force": str(TimeInForce.GTC if execution.symbol.is_crypto else TimeInForce.DAY),
            "client_order_id": execution.client_order_id_of(planned),
        }
        now = self.clock.now()
        intended = planned.model_copy(update={"order_body": body, "sent_at": now})
        execution = await self.ledger.record_exit(execution, intended, now=now)
        answer = await send(self.broker, execution, intended)
        if answer is None:
            if planned.refusals and planned.sent_at is None:
                # Nothing of this number can be at the broker: it counts the refused order's id as used.
                await self._again(execution, planned, orders)
            return self._wait("the broker knows the exit and does not show it")
        if not isinstance(answer, Refused):
            return await self._accepted(execution, intended, orders, answer)
        now = self.clock.now()
        if may_arrive(planned.sent_at, now):
            await self.ledger.record_exit(execution, planned, now=now)
            return self._wait("the broker refused the exit, which may still arrive", answer.detail())
        # Nothing was placed: what is held is read anew before the next attempt. It has the same number, unless an
        # earlier sending's fate was never known.
        if planned.sent_at is None:
            refused = planned.refused(now).model_copy(update={"reason": answer.message})
            await self.ledger.record_exit(execution, refused, now=now)
        else:
            await self._again(execution, planned, orders)
        return self._wait("the broker refused the exit", answer.detail())

    async def _accepted(self, execution: Execution, planned: Exit, orders: Orders, order: BrokerOrder) -> Exited:
        accepted = planned.model_copy(update={"order_id": order.order_id})
        now = self.clock.now()
        recorded = await kept(lambda: self.ledger.record_exit(execution, accepted, now=now), self.clock)
        return Exited(recorded, replace(orders, exits=(*orders.exits, order)), order)

    async def _again(
        self, execution: Execution, planned: Exit, orders: Orders, *, filled_in_part: bool = False
    ) -> None:
        """Go on with the next number, which is another order."""
        now = self.clock.now()
        again = Exit(
            why=planned.why,
            planned_at=planned.planned_at,
            attempt=planned.attempt + 1,
            earlier=tuple(order_ids(planned)) if filled_in_part else planned.earlier,
            folded=planned.folded,
        )
        again = fold(again, orders.exits, now=now, entry=orders.entry)
        await self.ledger.record_exit(execution, again, now=now)

    def _wait(self, problem: str, detail: dict[str, str] | None = None) -> Wait:
        return Wait(Obstacle.AWAITING_EXIT, self.clock.now() + _SOON, {"exit": problem} | (detail or {}))


async def plan_exit(ledger: Ledger, clock: Clock, execution: Execution, why: str) -> Execution:
    """Record that a position is to be closed, once; whoever reconciles the account does it.

    Raises:
        LostLease: the execution moved meanwhile.
    """
    if execution.exit is not None:
        return execution
    now = clock.now()
    return await ledger.record_exit(execution, Exit(why=why, planned_at=now), now=now)


def _planned(execution: Execution) -> Exit:
    if execution.exit is None:
        raise ValueError(f"{execution.key}: no exit is planned")
    return execution.exit
