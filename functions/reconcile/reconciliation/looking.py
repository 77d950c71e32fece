"""One order that the broker has, followed, repaired and brought to its end."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from argo.closing import Exited, PositionCloser
from argo.domain.execution import Execution
from argo.domain.faults import Refused
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Wait
from argo.domain.placements import Cover, Protection
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.execution_orders import order_ids, orders_of
from argo.repeating import kept
from reconciliation.repair import (
    ATTEMPTS,
    Adopt,
    Cancel,
    Close,
    Guard,
    Situation,
    Tighten,
    cover,
)
from reconciliation.repair import Report as Problem
from reconciliation.report import Run
from reconciliation.snapshot import Snapshot

_STEPS = 3
"""Looks at one execution in a run: what is cancelled is guarded or sold in the same run."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows the orders of one account."""

    run: Run
    seen: Snapshot

    async def follow(self, execution: Execution) -> None:
        """Record fills, exits and profit; then do what the position needs.

        Raises:
            BrokerFault: the broker did not tell; the next run goes on.
            LostLease, ReservationConflict: somebody else was at the execution or its account.
        """
        going_on: Execution | None = execution
        if execution.exit is not None:
            if not await self._close(execution, execution.exit.why):
                return
            # Closing may have written, and only who knows the record as it is writes to it.
            going_on = await self.run.ports.ledger.execution(execution.signal_id, execution.executor)
        for _ in range(_STEPS):
            if going_on is None:
                return
            going_on = await self._step(going_on)

    async def _step(self, execution: Execution) -> Execution | None:
        """Look once; returns the execution where another look is due at once."""
        orders = await orders_of(execution, self.run.broker)
        if orders is None:
            self.run.report.unanswered += 1
            self._warn("order_missing_at_broker", execution)
            return None
        situation = self.seen.situation(execution, orders, now=self.run.now())
        action = self.run.wiring.rules.plan_repair(situation, self.run.wiring.profile.exits)
        if isinstance(action, Cancel):
            await self._cancel(execution, action)
            return execution
        settled = await self._settle(execution, orders)
        if settled.state.is_terminal:
            return None
        settled = await self._note_cover(settled, replace(situation, execution=settled))
        match action:
            case Guard():
                return await self._guard(settled, action, situation)
            case Close(why=why) if settled.exit is None:
                await self._close(settled, why)
            case Tighten():
                await self._tighten(settled, action, orders)
            case Adopt(quantity=quantity):
                return await self._adopt(settled, situation, quantity)
            case Problem(problem=problem):
                self._tell(settled, problem)
        return None

    async def _settle(self, execution: Execution, orders: Orders) -> Execution:
        move = self.run.wiring.rules.closing.settle(execution, orders, self.run.now())
        if move is None:
            return execution
        return await self.run.move_to(execution, move.state, move.settlement)

    async def _cancel(self, execution: Execution, action: Cancel) -> None:
        for order in action.orders:
            await self.run.broker.cancel(order.order_id)
        self._repaired("cancelled", execution, why=action.why)

    async def _note_cover(self, execution: Execution, situation: Situation) -> Execution:
        """Record from when a position is not guarded, and measure for how long."""
        if situation.orders.held <= 0 or situation.position <= 0 or not situation.orders.entry.status.is_final:
            return execution
        found, known = cover(situation), execution.protection
        if found is Cover.COMPLETE:
            guards = situation.orders.guards
            if known is None or len(guards) == len(order_ids(known)):
                return execution
            # Somebody has placed the last one who could not say so any more.
            return await self.run.guardian.accepted(execution, known, guards[-1])
        since, now = self._unprotected_since(execution, situation), self.run.now()
        self.run.report.unprotected_seconds.append((now - since).total_seconds())
        if known is not None and (known.cover, known.naked_since) == (found, since):
            return execution
        changed = (known or Protection(cover=found)).model_copy(update={"cover": found, "naked_since": since})
        self._warn("position_not_guarded", execution)
        return await self.run.ports.ledger.record_protection(execution, changed, now=now)

    def _unprotected_since(self, execution: Execution, situation: Situation) -> datetime:
        """Return from when the position is unprotected: since its fill, or, of one that was guarded, since now."""
        known = execution.protection
        if known is not None and known.naked_since is not None:
            return known.naked_since
        was_guarded = bool(execution.legs) or bool(order_ids(known))
        return situation.now if was_guarded else situation.filled_at

    async def _guard(self, execution: Execution, action: Guard, situation: Situation) -> Execution | None:
        """Guard the position; returns the execution where the broker will not, and the profile decides at once."""
        since = self._unprotected_since(execution, situation)
        ended = situation.orders.guards
        guarded = await self.run.guardian.guard(execution, action, naked_since=since, ended=ended)
        protection = guarded.protection
        if protection is not None and protection.cover is Cover.COMPLETE:
            self._repaired("guarded", guarded, quantity=str(action.quantity), stop=str(action.stop))
            return None
        self._tell(guarded, f"not guarded: {protection.reason if protection else 'unknown'}")
        refused = protection is not None and protection.times_refused >= ATTEMPTS
        return guarded if refused else None

    async def _close(self, execution: Execution, why: str) -> bool:
        """Go on with an exit, follow its order, and end what it has closed; True where something else has."""
        fresh = execution.exit is None or execution.exit.order_id is None
        unsent = execution.exit is None or execution.exit.order_body is None
        if unsent and not execution.symbol.is_crypto and not self.seen.clock.is_open:
            # Its own exits guard it until then.
            self._tell(execution, f"to be left ({why}) when the exchange opens")
            return False
        ports, rules = self.run.ports, self.run.wiring.rules.closing
        closer = PositionCloser(ports.ledger, self.run.broker, ports.clock, rules)
        closing = await closer.close(execution, why)
        if isinstance(closing, Wait):
            if execution.exit is not None and self._is_gone(execution):
                return True
            self.run.report.unanswered += 1
            self._warn("exit_waits", execution, **closing.detail)
            if execution.exit is not None and execution.exit.planned_at < self.seen.taken_at:
                # A run before has begun it, and what held the position is being cancelled, or is.
                waited = self.run.now() - execution.exit.planned_at
                self.run.report.unprotected_seconds.append(waited.total_seconds())
                self._tell(execution, f"its exit waits: {'; '.join(closing.detail.values())}")
            return False
        if isinstance(closing, Exited) and fresh:
            self._repaired("left", closing.execution, why=why)
        settled = await self._settle(closing.execution, closing.orders)
        # An exit that is done and left something behind: somebody else has taken the rest.
        done = isinstance(closing, Exited) and closing.order.status.is_final
        return done and not settled.state.is_terminal and self._is_gone(settled)

    async def _tighten(self, execution: Execution, action: Tighten, orders: Orders) -> None:
        """Move a stop: another order takes its place, which is on the record if the stop was a guard by itself."""
        try:
            moved = await self.run.broker.replace(action.order.order_id, stop_price=action.stop)
        except Refused as refusal:
            self._warn("stop_not_moved", execution, **refusal.detail())
            return
        self._repaired("tightened", execution, stop=str(action.stop))
        if execution.protection is not None and action.order in orders.guards:
            known = execution.protection.model_copy(update={"order_id": moved.order_id})
            ports, now = self.run.ports, self.run.now()
            await kept(lambda: ports.ledger.record_protection(execution, known, now=now), ports.clock)

    async def _adopt(self, execution: Execution, situation: Situation, quantity: Decimal) -> Execution | None:
        """Take over the fills of somebody else's orders, where they are exactly what is missing.

        Returns the execution where orders of its own had to be cancelled first.
        """
        orders = situation.orders
        ours = {order.order_id for _, order in orders.closing} | {orders.entry.order_id}
        # Since the entry was sent: what had filled of it may have been closed before the rest filled.
        began = orders.entry.submitted_at or execution.created_at
        closed = await self.run.broker.closed_orders(execution.symbol, since=began)
        side = execution.side.opposite if quantity > 0 else execution.side
        others = tuple(order for order in closed if _is_by_hand(order, side) and order.order_id not in ours)
        taken = sum((order.filled_quantity for order in others), Decimal(0))
        if not abs(quantity) - orders.most_fees <= taken <= abs(quantity):
            what = "its position is gone" if quantity > 0 else "more was closed than it held, the position is not"
            self._tell(execution, f"{what}, and no orders account for it")
            return None
        if orders.live:
            await self._cancel(execution, Cancel(tuple(orders.live), "its position was closed by hand"))
            return execution
        settled = await self._settle(execution, replace(orders, others=others))
        if settled.state.is_terminal:
            self._repaired("adopted", settled, orders=", ".join(order.order_id for order in others))
        return None

    def _is_gone(self, execution: Execution) -> bool:
        """Tell whether nothing is held any more: a leg has taken the position, or somebody else's order."""
        return not self.seen.positions.get(execution.symbol)

    def _repaired(self, what: str, execution: Execution, **detail: str) -> None:
        self.run.report.repairs[what] += 1
        self.run.ports.telemetry.log.info(
            f"position_{what}", signal_id=execution.signal_id, executor=self.run.wiring.executor, detail=detail
        )

    def _tell(self, execution: Execution, problem: str) -> None:
        self.run.report.problems[execution.signal_id] = problem
        self._warn("position_needs_a_person", execution, problem=problem)

    def _warn(self, event: str, execution: Execution, **detail: str) -> None:
        self.run.ports.telemetry.log.warning(
            event,
            signal_id=execution.signal_id,
            executor=self.run.wiring.executor,
            symbol=execution.symbol,
            detail=detail,
        )


def _is_by_hand(order: BrokerOrder, side: Side) -> bool:
    """Tell whether a final order is somebody else's, and has filled on this side."""
    return bool(order.filled_quantity) and order.side == side and not order.is_argos
