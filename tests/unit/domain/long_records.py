"""Executions to which something has happened ten thousand times, made by the ledger's own changes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from argo.domain import changes
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Intent, Release, Settlement
from argo.domain.placements import Cover, Exit, Fill, Protection
from argo.domain.reasons import Obstacle
from tests.unit.builders import NOW, a_signal, an_entry_plan, an_execution

MANY = 10_000
A_WHILE = timedelta(seconds=30)
WHY = f"signal {a_signal().signal_id}"
BODY = {"symbol": "AAPL", "side": "sell", "qty": "12", "type": "market", "client_order_id": "argo-argo-exit"}


class Random(Protocol):
    """What chance is asked."""

    def randrange(self, stop: int) -> int: ...


type Step = Callable[[Execution, int], changes.Change]


def of_length(number: int, length: int) -> str:
    """Return words that are another's for every number, four bytes a character."""
    return f"{number} " + "🛑" * (length - 7)


def held() -> Execution:
    """Return a filled position as its executor and its reconciler leave it."""
    execution, plan = an_execution(), an_entry_plan()
    intent = Intent(
        execution.client_order_id,
        plan.body(),
        plan.notional,
        plan.risk,
        planned_stop=plan.stop_price,
        planned_target=plan.target_price,
        detail={f"number_{each}": "12345.678901" for each in range(20)},
    )
    execution = changes.intended(execution, intent, now=NOW).applied_to(execution)
    sent = Settlement(order_id="entry")
    execution = changes.settled(execution, ExecutionState.SUBMITTED, sent, now=NOW).applied_to(execution)
    entry = Fill(order_id="entry", leg="entry", quantity=Decimal(12), price=Decimal("100.25"), at=NOW)
    filled = Settlement(fills=(entry,), release=Release.RESERVATION)
    return changes.settled(execution, ExecutionState.FILLED, filled, now=NOW).applied_to(execution)


def refused_exit(words: Callable[[int], str]) -> Step:
    """Return the two steps of an exit that is sent and refused, one after the other."""

    def step(execution: Execution, number: int) -> changes.Change:
        now, planned = at(number), execution.exit or Exit(why=WHY, planned_at=NOW)
        if number % 2:
            return changes.exit_recorded(
                execution, planned.refused(now).model_copy(update={"reason": words(number)}), now=now
            )
        return changes.exit_recorded(
            execution, planned.model_copy(update={"order_body": BODY, "sent_at": now}), now=now
        )

    return step


def guard_attempt(words: Callable[[int], str]) -> Step:
    def step(execution: Execution, number: int) -> changes.Change:
        body = None if number % 2 else {**BODY, "client_order_id": f"argo-argo-guard{number}"}
        wanted = Protection(
            cover=Cover.NONE, reason=words(number), naked_since=NOW, attempt=number, order_body=body
        )
        return changes.protection_recorded(execution, wanted, now=at(number))

    return step


def pause(words: Callable[[int], str]) -> Step:
    """Return a pause with the broker's words; of every third, the intent is withdrawn and written anew."""

    def step(execution: Execution, number: int) -> changes.Change:
        now, plan = at(number), an_entry_plan()
        if execution.state is ExecutionState.CLAIMED and number % 3 == 0:
            intent = Intent(execution.client_order_id, plan.body(), plan.notional, plan.risk)
            return changes.intended(execution, intent, now=now)
        state = ExecutionState.CLAIMED if execution.state is ExecutionState.SUBMITTING else None
        told = {"message": words(number), "status": "429", "request_id": str(number)}
        obstacle = Obstacle.BROKER_THROTTLED
        return changes.paused(execution, obstacle, until=now, now=now, state=state, detail=told)

    return step


def at(number: int):
    return NOW + number * A_WHILE


def repeated(execution: Execution, step: Step, times: int = MANY) -> Iterator[Execution]:
    """Yield an execution after every write."""
    for number in range(times):
        execution = step(execution, number).applied_to(execution)
        yield execution


def anything(chance: Random, *, kinds: int, length: int) -> Step:
    """Return steps of an adversary: exits and guards in any order, of as many kinds of words."""
    steps = [make(lambda _: of_length(chance.randrange(kinds), length)) for make in (refused_exit, guard_attempt)]

    def step(execution: Execution, number: int) -> changes.Change:
        return steps[chance.randrange(2)](execution, number)

    return step
