"""Wrong conditions on what is written, and wrong ways into the queues."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import date, datetime

from argo.domain import changes
from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution
from argo.domain.faults import Unauthorised
from argo.domain.ledger import Held, Settled, StoredSignal
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports import Clock, GivenPorts, Ledger, Unavailable
from argo.ports.interposed import InterposedQueue
from argo.publishing import Published, Publisher
from argo.repeating import NotWritten
from argo.together import together
from execution.wiring import Rules
from simulation.ports.ledger import InMemoryLedger
from trials.wrong_policies.executing import straight
from trials.wrong_policies.policies import Policies, WrongPolicy


def lease_ignored(found: Execution, now: datetime) -> Held | Settled | None:
    refusal = changes.turned_away(found, now)
    return None if isinstance(refusal, Held) else refusal


class LeaseIgnored(InMemoryLedger):
    turned_away = staticmethod(lease_ignored)


class Unfenced(InMemoryLedger):
    def check(self, known: Execution, *, of_same_state: bool = False) -> Execution:  # noqa: ARG002 - that is what is wrong
        found = self.find(known.signal_id, known.executor)
        assert found is not None  # noqa: S101 - nothing is ever deleted
        return found


class ReservationUnchecked(InMemoryLedger):
    def check_reservation(self, execution: Execution, read: AccountState) -> None:
        pass


class HaltNotFenced(InMemoryLedger):
    async def set_trading_state(
        self,
        executor: str,
        state: TradingState,
        *,
        reason: str,
        now: datetime,
        resumes_on: date | None = None,
        read: AccountState | None = None,
    ) -> bool:
        before = self.read(executor).version
        done = await super().set_trading_state(
            executor, state, reason=reason, now=now, resumes_on=resumes_on, read=read
        )
        self._update(self.read(executor), version=before)
        return done


class KeptStateUnfenced(InMemoryLedger):
    def check(self, known: Execution, *, of_same_state: bool = False) -> Execution:  # noqa: ARG002 - that is what is wrong
        return super().check(known)


async def once[T](attempt: Callable[[], Awaitable[T]], clock: Clock) -> T:  # noqa: ARG001 - that is what is wrong
    return await attempt()


class ConflictGivenUp(InMemoryLedger):
    repeated = staticmethod(once)


class OwnWriteUnknown(InMemoryLedger):
    async def own[T](self, stands: Callable[[], T | None]) -> T | None:  # noqa: ARG002 - that is what is wrong
        return None


async def halt_told_anyway(
    ledger: Ledger, clock: Clock, executor: str, state: TradingState, *, reason: str
) -> None:
    with suppress(Unavailable, NotWritten):
        await ledger.set_trading_state(executor, state, reason=reason, now=clock.now())


class OutboxNeverSent(Publisher):
    async def publish(self, signals: Sequence[Signal]) -> Published:
        puts = await together(*(self.put(signal) for signal in signals))
        created = [put for put in puts if put.created]
        messages, failures = await self.send([put.stored for put in created], [])
        return Published(frozenset(put.stored.signal.signal_id for put in created), messages, failures)


class PublishedBeforeSent(Publisher):
    async def send(
        self, waiting: Collection[StoredSignal], silences: list[Unavailable]
    ) -> tuple[int, dict[tuple[str, str], str]]:
        await together(*(self.ledger.mark_published(each.signal.signal_id, each.awaiting) for each in waiting))
        return await Publisher.send(self, waiting, silences)


class PoisonDropped(InterposedQueue):
    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        pass


def _in(wrong: str, failure: str, ledger: type[InMemoryLedger]) -> WrongPolicy:
    return WrongPolicy(wrong, failure, Policies(ledger=ledger))


RECORDING = {
    "lease_ignored": _in("takes over what another worker is still at", "", LeaseIgnored),
    "no_fencing": _in("writes without asking whether the record is still as it was read", "A08", Unfenced),
    "reservation_unchecked": _in(
        "reserves money and symbol on the account as it was, whoever has reserved since",
        "B12, A11",
        ReservationUnchecked,
    ),
    "halt_not_fenced": _in(
        "halts an account without telling the orders that are being planned", "A19", HaltNotFenced
    ),
    "kept_state_unfenced": _in(
        "writes what keeps the state from an older view of the record", "C19", KeptStateUnfenced
    ),
    "conflict_given_up": _in("gives a write up that met another transaction", "C01", ConflictGivenUp),
    "own_write_unknown": _in(
        "takes its own write, whose answer was lost, for another worker's", "C04", OwnWriteUnknown
    ),
    "halt_told_anyway": WrongPolicy(
        "tells a person that the account is set, whatever AWS answered", "C01", Policies(operate=halt_told_anyway)
    ),
    "throttling_unexpected": WrongPolicy(
        "takes a throttled request for an error that nobody expected", "C02", Policies(execution=Rules(passing=()))
    ),
    "halted_without_a_key": WrongPolicy(
        "halts the account when its key cannot be read for now",
        "C03",
        Policies(without_key=lambda failure: Unauthorised(str(failure))),
    ),
    "outbox_never_sent": WrongPolicy(
        "never sends what an earlier cycle left in the outbox", "A01", Policies(publisher=OutboxNeverSent)
    ),
    "published_before_sent": WrongPolicy(
        "marks a signal as sent, then sends it", "A01", Policies(publisher=PublishedBeforeSent)
    ),
    "poison_retried": WrongPolicy(
        "lets a message that is no signal raise, and come back",
        "A14",
        Policies(execution=Rules(read=Signal.model_validate_json)),
    ),
    "poison_dropped": WrongPolicy(
        "acknowledges a message that is no signal, and says nothing",
        "A14",
        Policies(executor_ports=lambda ports: GivenPorts.like(ports, queue=PoisonDropped(ports.queue, straight))),
    ),
}
