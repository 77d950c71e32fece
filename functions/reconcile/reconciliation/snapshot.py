"""What the broker says of the whole account, read in a handful of requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from argo.domain.account import BrokerAccount, MarketClock
from argo.domain.execution import Execution, ExecutionState
from argo.domain.orders import BrokerOrder, OrderClass, OrderStatus
from argo.domain.placements import Cover
from argo.domain.profile import ExitRules
from argo.domain.settlement import Orders, may_be_cancelled
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from argo.execution_orders import order_ids
from argo.ports import Broker
from reconciliation.repair import PlanRepair, Situation, plan_repair


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of the account; ``live`` has every open order by its id, a bracket's legs among them.

    ``positions`` are signed quantities by symbol, ``prices`` last trades of the symbols that a rule needs.
    """

    taken_at: datetime
    account: BrokerAccount
    clock: MarketClock
    live: Mapping[str, BrokerOrder]
    positions: Mapping[str, Decimal]
    prices: Mapping[Symbol, Decimal] = field(default_factory=dict)

    def situation(self, execution: Execution, orders: Orders, *, now: datetime) -> Situation:
        """Return what is known of an execution of the account, by its orders."""
        signed = self.positions.get(execution.symbol, Decimal(0))
        return Situation(
            execution=execution,
            orders=orders,
            position=signed if execution.side is Side.BUY else -signed,
            price=self.prices.get(execution.symbol),
            clock=self.clock,
            now=now,
        )


async def take(broker: Broker, *, now: datetime) -> Snapshot:
    """Read the account: orders first, then positions, then balances; prices are the market data's.

    Raises:
        BrokerFault: the broker did not tell.
    """
    live = await broker.open_orders(nested=False)
    positions = await broker.positions()
    return Snapshot(
        taken_at=now,
        account=await broker.account(),
        clock=await broker.clock(),
        live={order.order_id: order for order in live},
        positions={position.symbol: position.quantity for position in positions},
    )


def needs_price(execution: Execution, rules: ExitRules) -> bool:
    """Tell whether a rule of the profile, or a target that no order carries, goes by the market's price."""
    if execution.state is not ExecutionState.FILLED:
        return False
    unprotected = execution.protection is not None and execution.protection.cover is not Cover.COMPLETE
    return unprotected or not execution.legs or rules.trail_r is not None or rules.break_even_at_r is not None


def is_as_known(execution: Execution, seen: Snapshot, rules: ExitRules, plan: PlanRepair = plan_repair) -> bool:
    """Tell whether the lists alone show that nothing has happened to an execution since its record.

    So a held position whose exits stand costs no request of its own, however many there are.
    """
    if execution.exit is not None:
        return False
    match execution.state:
        case ExecutionState.SUBMITTED:
            entry = seen.live.get(execution.order_id or "")
            if entry is None or may_be_cancelled(execution, entry, seen.taken_at):
                return False
            return not entry.filled_quantity
        case ExecutionState.FILLED:
            orders = _as_recorded(execution, seen) if _is_guarded_as_known(execution, seen) else None
            return orders is not None and plan(seen.situation(execution, orders, now=seen.taken_at), rules) is None
        case _:
            return False


def _is_guarded_as_known(execution: Execution, seen: Snapshot) -> bool:
    """Tell whether every exit on the record is live and unfilled, and the position is still there."""
    guards = order_ids(execution.protection)
    exits = guards or [leg.order_id for leg in execution.legs]
    covered = execution.protection is None or execution.protection.cover is Cover.COMPLETE
    standing = all(each in seen.live and not seen.live[each].filled_quantity for each in exits)
    return bool(exits) and covered and standing and bool(seen.positions.get(execution.symbol))


def _as_recorded(execution: Execution, seen: Snapshot) -> Orders | None:
    """Return the orders of a filled entry; None for a pair of exits, whose stop the record has no id of."""
    guards = tuple(seen.live[each] for each in order_ids(execution.protection))
    bought = next((fill for fill in execution.fills if fill.leg == "entry"), None)
    if bought is None or any(guard.order_class == OrderClass.OCO for guard in guards):
        return None
    entry = BrokerOrder(
        order_id=bought.order_id,
        client_order_id=execution.client_order_id,
        symbol=execution.symbol,
        side=execution.side,
        status=OrderStatus.FILLED,
        order_class=OrderClass.BRACKET if execution.legs else OrderClass.SIMPLE,
        quantity=bought.quantity,
        filled_quantity=bought.quantity,
        filled_average_price=bought.price,
        legs=() if guards else tuple(seen.live[leg.order_id] for leg in execution.legs),
    )
    return Orders(entry=entry, guards=guards)
