"""Wrong ways of following an order to its end."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from argo.closing import Rules as ClosingRules
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Refused
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.placements import Protection
from argo.domain.profile import ExitRules
from argo.domain.settlement import Move, Orders, settle
from argo.execution_orders import orders_of
from argo.ports import Broker
from execution.wiring import Rules as ExecutionRules
from reconciliation.guarding import Guardian, next_protection
from reconciliation.repair import Action, Adopt, Guard, Situation, plan_repair
from reconciliation.wiring import Rules
from trials.wrong_policies.policies import Policies, WrongPolicy


async def no_sweep(*_: object) -> None:
    pass


def part_fill_forgotten(execution: Execution, orders: Orders, now: datetime) -> Move | None:
    if orders.entry.status is OrderStatus.CANCELED and execution.state is ExecutionState.SUBMITTED:
        return Move(ExecutionState.CANCELED, Settlement(release=Release.RESERVATION_AND_SYMBOL))
    return settle(execution, orders, now)


def closed_by_hand_unseen(seen: Situation, rules: ExitRules) -> Action | None:
    action = plan_repair(seen, rules)
    return None if isinstance(action, Adopt) else action


def oversold_left(seen: Situation, rules: ExitRules) -> Action | None:
    return None if seen.orders.held < 0 else plan_repair(seen, rules)


async def legs_not_cancelled(execution: Execution, broker: Broker) -> Orders | None:
    orders = await orders_of(execution, broker)
    return None if orders is None else _Unheld(orders.entry, orders.guards, orders.exits, orders.others)


class _Unheld(Orders):
    @property
    def live(self) -> list[BrokerOrder]:
        return []


class GuardBeforeRecord(Guardian):
    async def guard(
        self,
        execution: Execution,
        wanted: Guard,
        *,
        naked_since: datetime,
        ended: Sequence[BrokerOrder] = (),
    ) -> Execution:
        planned = next_protection(execution, execution.protection, wanted, naked_since, ended)
        order = await self.broker.submit(planned.order_body or {})
        return await self.accepted(execution, planned, order)


class NumberPerRefusal(Guardian):
    async def _refused(
        self, execution: Execution, planned: Protection, before: Protection | None, refusal: Refused
    ) -> Execution:
        used = planned.model_copy(update={"attempt": planned.attempt + 1})
        return await super()._refused(execution, used, before, refusal)


def _by(wrong: str, failure: str = "", **changed: Any) -> WrongPolicy:  # noqa: ANN401 - each rule's own type
    return WrongPolicy(wrong, failure, Policies(reconciliation=Rules(**changed)))


def _closing(wrong: str, failure: str = "", **changed: Any) -> WrongPolicy:  # noqa: ANN401 - as above
    rules = ClosingRules(**changed)
    both = Policies(execution=ExecutionRules(closing=rules), reconciliation=Rules(closing=rules))
    return WrongPolicy(wrong, failure, both)


RECONCILING = {
    "no_sweep": _by(
        "leaves what a dead worker left unfinished", "B02", resolve=no_sweep, expire_or_return=no_sweep
    ),
    "part_fill_forgotten": _closing(
        "takes a cancelled entry for one that bought nothing", "B08", settle=part_fill_forgotten
    ),
    "left_naked": _by(
        "leaves a position without a stop",
        "A16, B08",
        plan_repair=partial(plan_repair, protecting=lambda *_: None),
    ),
    "live_leg_ignored": _closing(
        "calls a position closed while its other leg is live",
        settle=partial(settle, ended=lambda orders: orders.held == 0),
    ),
    "closed_by_hand_unseen": _by(
        "does not look for whoever else has closed a position", plan_repair=closed_by_hand_unseen
    ),
    "oversold_left": _by("leaves what two exits sold too much", plan_repair=oversold_left),
    "legs_not_cancelled": _closing(
        "sends an exit over the legs that hold what it would sell", "B10", orders_of=legs_not_cancelled
    ),
    "number_per_refusal": _by(
        "gives a guard another number after every refusal", "C06", guardian=NumberPerRefusal
    ),
    "guard_before_record": _by("places a stop, then writes down which", "A16", guardian=GuardBeforeRecord),
}
