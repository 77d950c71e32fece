"""Place the order that guards a position: on the record first, then sent once, then accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.execution import Execution
from argo.domain.faults import Refused
from argo.domain.folding import fold
from argo.domain.orders import BrokerOrder, OrderClass, OrderType, TimeInForce, plain
from argo.domain.outcome import may_arrive
from argo.domain.placements import Cover, Protection
from argo.domain.prices import Rounding, on_tick
from argo.domain.signal import Side
from argo.execution_orders import order_ids, send
from argo.ports import Broker, Clock, Ledger
from argo.repeating import kept
from reconciliation.repair import Guard

_CONCESSION = Decimal("0.005")
"""How far past its stop a crypto exit may sell, a fraction of the stop: crypto takes no plain stop order."""


@dataclass(frozen=True, slots=True)
class Guardian:
    """Guards positions of one account."""

    ledger: Ledger
    broker: Broker
    clock: Clock

    async def guard(
        self,
        execution: Execution,
        wanted: Guard,
        *,
        naked_since: datetime,
        ended: Sequence[BrokerOrder] = (),
    ) -> Execution:
        """Place a guard, or find the one whose outcome was not known; ``ended`` are those before it.

        A refusal is on the record with its words, and the next look tries again or leaves the position.

        Raises:
            BrokerFault: whether it was placed is not known: the next look finds out by its derived id.
            LostLease: the execution moved meanwhile.
        """
        before = execution.protection
        if before is not None and before.order_body is not None and before.order_id is None:
            sent = await self.broker.order_by_client_id(execution.client_order_id_of(before))
            if sent is not None:
                return await self.accepted(execution, before, sent)
            planned = before
        else:
            before, planned = None, next_protection(execution, before, wanted, naked_since, ended)
        now = self.clock.now()
        planned = planned.model_copy(update={"sent_at": now})
        execution = await self.ledger.record_protection(execution, planned, now=now)
        answer = await send(self.broker, execution, planned)
        if answer is None:
            return await self._counted_as_used(execution, planned, before)
        if isinstance(answer, Refused):
            return await self._refused(execution, planned, before, answer)
        return await self.accepted(execution, planned, answer)

    async def _refused(
        self, execution: Execution, planned: Protection, before: Protection | None, refusal: Refused
    ) -> Execution:
        """Record a refusal; it settles nothing while the same guard may still arrive from ``before``."""
        now = self.clock.now()
        refused = planned.refused(now)
        if before is not None:
            # A sending of this number whose fate was never known: what may have arrived has used it up.
            refused = refused.model_copy(update={"attempt": planned.attempt + 1})
        kept = before if before is not None and may_arrive(before.sent_at, now) else refused
        said = kept.model_copy(update={"reason": refusal.message})
        return await self.ledger.record_protection(execution, said, now=now)

    async def _counted_as_used(
        self, execution: Execution, planned: Protection, before: Protection | None
    ) -> Execution:
        """Take the next number where the broker counts a refused order's id as used; else it is shown soon."""
        if before is not None or not planned.refusals:
            return execution
        used = {"order_body": None, "sent_at": None, "attempt": planned.attempt + 1}
        return await self.ledger.record_protection(
            execution, planned.model_copy(update=used), now=self.clock.now()
        )

    async def accepted(self, execution: Execution, known: Protection, order: BrokerOrder) -> Execution:
        """Record the guard; the position is covered as of now."""
        learnt = {"cover": Cover.COMPLETE, "reason": None, "naked_since": None, "order_id": order.order_id}
        placed = known.model_copy(update=learnt)
        now = self.clock.now()
        return await kept(lambda: self.ledger.record_protection(execution, placed, now=now), self.clock)


def next_protection(
    execution: Execution,
    known: Protection | None,
    wanted: Guard,
    naked_since: datetime,
    ended: Sequence[BrokerOrder] = (),
) -> Protection:
    """Return the next attempt; a refused one's number is free, as nothing was placed.

    Guards that have ``ended`` are remembered where they have filled something: they are those on the record, in
    its order, as the broker shows them.
    """
    was_refused = known is not None and known.order_body is None and known.refusals
    read = dict(zip(order_ids(known), ended, strict=False))
    kept = [order_id for order_id in order_ids(known) if order_id not in read or _has_filled(read[order_id])]
    fresh = Protection(
        cover=Cover.NONE,
        naked_since=naked_since,
        attempt=(known.attempt if known else 0) + (0 if was_refused else 1),
        refusals=known.refusals if known and was_refused else None,
        refused_at=known.refused_at if known else None,
        earlier=tuple(kept),
        folded=known.folded if known else None,
    )
    fresh = fold(fresh, [read[order_id] for order_id in kept if order_id in read], now=naked_since)
    return fresh.model_copy(update={"order_body": _body(execution, wanted, fresh)})


def _has_filled(guard: BrokerOrder) -> bool:
    return any(order.filled_quantity for order in guard.with_legs)


def _body(execution: Execution, wanted: Guard, planned: Protection) -> dict[str, object]:
    body: dict[str, object] = {
        "symbol": str(execution.symbol),
        "side": str(execution.side.opposite),
        "qty": plain(wanted.quantity),
        "time_in_force": str(TimeInForce.GTC),
        "client_order_id": execution.client_order_id_of(planned),
    }
    if wanted.target is not None:
        return body | {
            "type": str(OrderType.LIMIT),
            "order_class": str(OrderClass.OCO),
            "take_profit": {"limit_price": str(wanted.target)},
            "stop_loss": {"stop_price": str(wanted.stop)},
        }
    if not execution.symbol.is_crypto:
        day = str(TimeInForce.DAY)
        return body | {"type": str(OrderType.STOP), "stop_price": str(wanted.stop), "time_in_force": day}
    down = execution.side is Side.BUY
    conceded = wanted.stop * (1 - _CONCESSION if down else 1 + _CONCESSION)
    limit = on_tick(conceded, execution.symbol.asset_class, Rounding.DOWN if down else Rounding.UP)
    return body | {
        "type": str(OrderType.STOP_LIMIT),
        "stop_price": str(wanted.stop),
        "limit_price": str(limit),
    }
