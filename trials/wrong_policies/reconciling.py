"""Wrong ways of following an order to its end."""

from datetime import datetime

from argo import exits
from argo.domain import settlement
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.profile import ExitRules
from argo.domain.settlement import Move, Orders, settle
from argo.following import orders_of
from argo.ports import Broker
from execution import closing
from reconciliation import guarding, looking, repair, run
from reconciliation.guarding import Guardian
from reconciliation.repair import Action, Guard, Situation, plan_repair
from trials.wrong_policies.wrong_policy import instead_of


@instead_of(
    (run, "resolve"), (run, "expire_or_return"), wrong="leaves what a dead worker left unfinished", failure="B02"
)
async def no_sweep(*_: object) -> None:
    return


@instead_of(
    (looking, "settle"),
    (closing, "settle"),
    wrong="takes a cancelled entry for one that bought nothing",
    failure="B08",
)
def part_fill_forgotten(execution: Execution, orders: Orders, now: datetime) -> Move | None:
    if orders.entry.status is OrderStatus.CANCELED and execution.state is ExecutionState.SUBMITTED:
        return Move(ExecutionState.CANCELED, Settlement(release=Release.RESERVATION_AND_SYMBOL))
    return settle(execution, orders, now)


@instead_of((repair, "_protect"), wrong="leaves a position without a stop", failure="A16, B08")
def left_naked(*_: object) -> None:
    return


@instead_of((settlement, "_has_ended"), wrong="calls a position closed while its other leg is live")
def live_leg_ignored(orders: Orders) -> bool:
    return orders.held == 0


@instead_of((looking, "plan_repair"), wrong="does not look for whoever else has closed a position")
def closed_by_hand_unseen(seen: Situation, rules: ExitRules) -> Action | None:
    action = plan_repair(seen, rules)
    return None if isinstance(action, repair.Adopt) else action


@instead_of((looking, "plan_repair"), wrong="leaves what two exits sold too much")
def oversold_left(seen: Situation, rules: ExitRules) -> Action | None:
    return None if seen.orders.held < 0 else plan_repair(seen, rules)


@instead_of((exits, "orders_of"), wrong="sends an exit over the legs that hold what it would sell", failure="B10")
async def legs_not_cancelled(execution: Execution, broker: Broker) -> Orders | None:
    orders = await orders_of(execution, broker)
    return None if orders is None else _Unheld(orders.entry, orders.guards, orders.exits, orders.others)


class _Unheld(Orders):
    @property
    def live(self) -> list[BrokerOrder]:
        return []


@instead_of((Guardian, "guard"), wrong="places a stop, then writes down which", failure="A16")
async def guard_before_record(
    self: Guardian, execution: Execution, wanted: Guard, *, naked_since: datetime
) -> Execution:
    planned = guarding._next(execution, execution.protection, wanted, naked_since)  # noqa: SLF001 - what is replaced
    order = await self.broker.submit(planned.order_body or {})
    return await self.accepted(execution, planned, order)
