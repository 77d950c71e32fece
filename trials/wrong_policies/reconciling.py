"""Wrong ways of following an order to its end."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from argo.closing import Rules as ClosingRules
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.profile import ExitRules
from argo.domain.settlement import Move, Orders, settle
from argo.following import orders_of
from argo.ports import Broker
from execution.rules import Rules as ExecutionRules
from reconciliation.guarding import Guardian, next_protection
from reconciliation.repair import Action, Adopt, Guard, Situation, plan_repair
from reconciliation.rules import Rules
from trials.wrong_policies.wrong_policy import Policies, WrongPolicy


async def no_sweep(*_: object) -> None:
    """Pass by."""


def part_fill_forgotten(execution: Execution, orders: Orders, now: datetime) -> Move | None:
    """Take a cancelled entry for an empty one."""
    if orders.entry.status is OrderStatus.CANCELED and execution.state is ExecutionState.SUBMITTED:
        return Move(ExecutionState.CANCELED, Settlement(release=Release.RESERVATION_AND_SYMBOL))
    return settle(execution, orders, now)


def unprotected(*_: object) -> None:
    """Find every position well protected."""


def live_leg_ignored(orders: Orders) -> bool:
    """Take a position that is gone for one that has ended."""
    return orders.held == 0


def closed_by_hand_unseen(seen: Situation, rules: ExitRules) -> Action | None:
    """Look for nobody else's orders."""
    action = plan_repair(seen, rules)
    return None if isinstance(action, Adopt) else action


def oversold_left(seen: Situation, rules: ExitRules) -> Action | None:
    """Find nothing wrong with a position on the other side."""
    return None if seen.orders.held < 0 else plan_repair(seen, rules)


async def legs_not_cancelled(execution: Execution, broker: Broker) -> Orders | None:
    """Read orders as if none were live."""
    orders = await orders_of(execution, broker)
    return None if orders is None else _Unheld(orders.entry, orders.guards, orders.exits, orders.others)


class _Unheld(Orders):
    @property
    def live(self) -> list[BrokerOrder]:
        return []


class GuardBeforeRecord(Guardian):
    """Places a stop, then records it."""

    async def guard(self, execution: Execution, wanted: Guard, *, naked_since: datetime) -> Execution:
        planned = next_protection(execution, execution.protection, wanted, naked_since)
        order = await self.broker.submit(planned.order_body or {})
        return await self.accepted(execution, planned, order)


def _by(name: str, wrong: str, failure: str = "", **changed: Any) -> WrongPolicy:  # noqa: ANN401 - each rule's own type
    return WrongPolicy(name, wrong, failure, Policies(reconciliation=Rules(**changed)))


def _closing(name: str, wrong: str, failure: str = "", **changed: Any) -> WrongPolicy:  # noqa: ANN401 - as above
    rules = replace(ClosingRules(), **changed)
    both = Policies(execution=ExecutionRules(closing=rules), reconciliation=Rules(closing=rules))
    return WrongPolicy(name, wrong, failure, both)


RECONCILING = (
    _by(
        "no_sweep",
        "leaves what a dead worker left unfinished",
        "B02",
        resolve=no_sweep,
        expire_or_return=no_sweep,
    ),
    _closing(
        "part_fill_forgotten",
        "takes a cancelled entry for one that bought nothing",
        "B08",
        settle=part_fill_forgotten,
    ),
    _by(
        "left_naked",
        "leaves a position without a stop",
        "A16, B08",
        plan_repair=partial(plan_repair, protecting=unprotected),
    ),
    _closing(
        "live_leg_ignored",
        "calls a position closed while its other leg is live",
        settle=partial(settle, ended=live_leg_ignored),
    ),
    _by(
        "closed_by_hand_unseen",
        "does not look for whoever else has closed a position",
        plan_repair=closed_by_hand_unseen,
    ),
    _by("oversold_left", "leaves what two exits sold too much", plan_repair=oversold_left),
    _closing(
        "legs_not_cancelled",
        "sends an exit over the legs that hold what it would sell",
        "B10",
        orders_of=legs_not_cancelled,
    ),
    _by("guard_before_record", "places a stop, then writes down which", "A16", guardian=GuardBeforeRecord),
)
