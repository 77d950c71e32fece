"""Wrong ways of meeting AWS when it does not do what it was asked, and of minding the time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Unpack

from argo.domain import changes
from argo.domain.account import AccountState
from argo.domain.execution import Execution
from argo.domain.ledger import Intent, Pause
from argo.domain.limits import EquityMarks
from argo.domain.reasons import Obstacle
from argo.ports import GivenPorts, Unavailable
from argo.ports.interposed import InterposedLedger, InterposedQueue
from execution.backoff import BackoffLimits, Limits
from trials.wrong_policies.executing import straight
from trials.wrong_policies.policies import Policies, WrongPolicy

A_BROKERS = BackoffLimits(base=timedelta(seconds=15))
USUAL_RECEIVES = 5


class ClaimKept(InterposedLedger):
    async def pause(
        self, execution: Execution, obstacle: Obstacle, *, until: datetime, now: datetime, **learnt: Unpack[Pause]
    ) -> Execution:
        if obstacle is Obstacle.AWS_UNAVAILABLE:
            return execution
        return await self.port.pause(execution, obstacle, until=until, now=now, **learnt)


class SentUnheard(InterposedLedger):
    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        try:
            return await self.port.intend(execution, intent, account=account, now=now)
        except Unavailable:
            return changes.intended(execution, intent, now=now).applied_to(execution)


class MarkEndsTheRun(InterposedLedger):
    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        try:
            return await self.port.observe(read, known, now=now)
        except Unavailable as error:
            raise RuntimeError("TransactionConflictException") from error


class LeftHidden(InterposedQueue):
    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        pass


def asked_once(left: Callable[[], float]) -> Callable[[], float]:
    known = left()
    return lambda: known


def waits_as_for_a_broker(limits: Limits) -> Limits:
    return replace(limits, unavailable=A_BROKERS)


def _to_the_ledger(wrong: str, failure: str, ledger: type[InterposedLedger]) -> WrongPolicy:
    given = partial(_with, ledger=ledger)
    return WrongPolicy(wrong, failure, Policies(executor_ports=given, reconciler_ports=given))


def _with(ports: GivenPorts, *, ledger: type[InterposedLedger]) -> GivenPorts:
    return GivenPorts.like(ports, ledger=ledger(ports.ledger, straight))


WAITING = {
    "mark_ends_the_run": _to_the_ledger(
        "lets an equity mark that AWS did not take end the reconciler's run", "C01", MarkEndsTheRun
    ),
    "claim_kept": _to_the_ledger("keeps a claim while it waits for AWS", "C02", ClaimKept),
    "left_hidden": WrongPolicy(
        "leaves it to the queue when a message comes back that AWS stood in the way of",
        "C02",
        Policies(executor_ports=lambda ports: GivenPorts.like(ports, queue=LeftHidden(ports.queue, straight))),
    ),
    "waits_as_for_a_broker": WrongPolicy(
        "waits for what AWS calls retryable as long as for a broker that is down",
        "C02",
        Policies(limits=waits_as_for_a_broker),
    ),
    "sent_unheard": _to_the_ledger("sends an order whose record AWS did not answer for", "C02, A07", SentUnheard),
    "few_receives": WrongPolicy(
        "gives a message up after five deliveries, however long its signal lives",
        "C11",
        Policies(max_receives=USUAL_RECEIVES),
    ),
    "time_asked_once": WrongPolicy(
        "asks for the time that is left once per batch", "C12", Policies(time_left=asked_once)
    ),
}
