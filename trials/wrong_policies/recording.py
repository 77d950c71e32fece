"""Wrong conditions on what is written, and wrong ways into the queues."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from argo.domain import changes
from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution
from argo.domain.ledger import Held, Settled, StoredSignal
from argo.domain.signal import Signal
from argo.publishing import Published, Publisher
from argo.together import together
from execution import batch
from simulation.ports.ledger.accounts import Accounts
from simulation.ports.ledger.executions import Executions
from trials.wrong_policies.wrong_policy import instead_of

_turned_away, _set_trading_state = changes.turned_away, Accounts.set_trading_state
_send = Publisher._send  # noqa: SLF001 - what is replaced


@instead_of((changes, "turned_away"), wrong="takes over what another worker is still at")
def lease_ignored(found: Execution, now: datetime) -> Held | Settled | None:
    refusal = _turned_away(found, now)
    return None if isinstance(refusal, Held) else refusal


@instead_of(
    (Executions, "check"), wrong="writes without asking whether the record is still as it was read", failure="A08"
)
def no_fencing(self: Executions, known: Execution, *, of_same_state: bool = False) -> Execution:  # noqa: ARG001 - as above
    found = self.find(known.signal_id, known.executor)
    assert found is not None  # noqa: S101 - nothing is ever deleted
    return found


@instead_of(
    (Accounts, "check_reservation"),
    wrong="reserves money and symbol on the account as it was, whoever has reserved since",
    failure="B12, A11",
)
def reservation_unchecked(*_: object) -> None:
    return


@instead_of(
    (Accounts, "set_trading_state"),
    wrong="halts an account without telling the orders that are being planned",
    failure="A19",
)
async def halt_not_fenced(
    self: Accounts,
    executor: str,
    state: TradingState,
    *,
    reason: str,
    now: datetime,
    resumes_on: date | None = None,
    read: AccountState | None = None,
) -> bool:
    before = self.read(executor).version
    done = await _set_trading_state(
        self, executor, state, reason=reason, now=now, resumes_on=resumes_on, read=read
    )
    self._update(self.read(executor), version=before)
    return done


@instead_of((Publisher, "publish"), wrong="never sends what an earlier cycle left in the outbox", failure="A01")
async def outbox_never_sent(self: Publisher, signals: Sequence[Signal]) -> Published:
    puts = await together(*(self._put(signal) for signal in signals))
    created = [put for put in puts if put.created]
    messages, failures = await self._send([put.stored for put in created])
    return Published(frozenset(put.stored.signal.signal_id for put in created), messages, failures)


@instead_of((Publisher, "_send"), wrong="marks a signal as sent, then sends it", failure="A01")
async def published_before_sent(
    self: Publisher, waiting: Collection[StoredSignal]
) -> tuple[int, dict[tuple[str, str], str]]:
    await together(*(self.ledger.mark_published(each.signal.signal_id, each.awaiting) for each in waiting))
    return await _send(self, waiting)


@instead_of((batch, "read_signal"), wrong="lets a message that is no signal raise, and come back", failure="A14")
def poison_retried(body: str) -> Signal:
    return Signal.model_validate_json(body)


@instead_of(
    (batch, "_quarantine"), wrong="acknowledges a message that is no signal, and says nothing", failure="A14"
)
async def poison_dropped(*_: object) -> None:
    return
