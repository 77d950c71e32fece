"""A signal against an own position closes it, and then, where the profile flips, opens the other side.

What it closes is on its record before anything is cancelled: whoever comes after a crash must not take it for a
fresh entry once the position is gone (FAILURES A20, A21).
"""

from dataclasses import dataclass
from datetime import timedelta

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import BrokerFault
from argo.domain.ledger import LostLease, ReservationConflict
from argo.domain.outcome import Wait, waiting_for
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason, Obstacle
from argo.domain.settlement import Move, settle
from argo.domain.signal import Signal
from argo.exits import Leaver, Leaving, Left, NothingHeld
from argo.ports import Broker, Clock, Ledger
from execution import gate
from execution.account import AccountDesk
from execution.recording import Handled, Recorder

LEAVES = "leaves"
"""Key of the record's detail: the signal whose position this one closes."""

_SOON = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes positions for signals against them."""

    executor: str
    profile: Profile
    ledger: Ledger
    broker: Broker
    clock: Clock
    desk: AccountDesk
    record: Recorder

    async def held_by(self, signal: Signal, execution: Execution) -> str | None:
        """Return the signal whose position this one is against, or was when it began to close it.

        Raises:
            ReservationConflict: the account kept changing while it was read.
        """
        if begun := execution.detail.get(LEAVES):
            return begun
        if signal.is_expired(self.clock.now()):
            return None
        holding = (await self.desk.state()).holdings.get(signal.symbol)
        return holding.signal_id if holding is not None and holding.side is not signal.side else None

    async def close(self, signal: Signal, execution: Execution, holder: str, receives: int) -> Handled | Execution:
        """Close the holder's position.

        Returns:
            How the signal was handled; its execution instead, where the position is closed and the signal's own
            entry may follow.
        """
        if LEAVES not in execution.detail:
            try:
                denial = gate.for_exit(signal, self.profile, await self.desk.view())
            except BrokerFault as fault:
                return await self.record.pause(execution, waiting_for(fault), receives)
            except ReservationConflict:
                return await self.record.pause(execution, Wait(Obstacle.RESERVATION_CONTENDED), receives)
            if denial is not None:
                return await self.record.deny(execution, denial)
            execution = await self._begin(execution, holder)
        held = await self.ledger.execution(holder, self.executor)
        if held is None or held.state.is_terminal:
            return await self._was_closed(signal, execution, held)
        match await self._leave(held, signal):
            case Left() as left:
                return await self._left(signal, execution, left, receives)
            case NothingHeld(execution=unheld, orders=orders):
                await self._settle(settle(unheld, orders, self.clock.now()), unheld)
                return await self._was_closed(signal, execution, None)
            case Wait() as wait:
                return await self._wait(signal, execution, wait, receives)

    async def _left(self, signal: Signal, execution: Execution, left: Left, receives: int) -> Handled | Execution:
        if not self.profile.flip:
            return await self.record.close(execution, left.order.order_id)
        move = settle(left.execution, left.orders, self.clock.now())
        if move is None or move.state is not ExecutionState.CLOSED:
            return await self._wait(signal, execution, self._later("the exit has not filled"), receives)
        await self._settle(move, left.execution)
        return execution

    async def _settle(self, move: Move | None, held: Execution) -> None:
        """Write the end of the position that was closed; the reconciler may have been there before."""
        if move is not None:
            try:
                await self.ledger.settle(held, move.state, move.settlement, now=self.clock.now())
            except LostLease:
                self.record.log("settled_meanwhile", held)
        self.desk.changed()

    async def _begin(self, execution: Execution, holder: str) -> Execution:
        return await self.ledger.pause(
            execution,
            Obstacle.AWAITING_EXIT,
            until=execution.lease_until,
            now=self.clock.now(),
            detail={LEAVES: holder},
        )

    async def _leave(self, held: Execution, signal: Signal) -> Leaving:
        leaver = Leaver(self.ledger, self.broker, self.clock)
        try:
            return await leaver.leave(held, _why(signal))
        except LostLease:
            return self._later("its execution moved meanwhile")

    async def _was_closed(
        self, signal: Signal, execution: Execution, held: Execution | None
    ) -> Handled | Execution:
        if self.profile.flip:
            return execution
        ours = held is not None and held.exit is not None and held.exit.why == _why(signal)
        if ours and held is not None and held.exit is not None and held.exit.order_id is not None:
            return await self.record.close(execution, held.exit.order_id)
        return await self.record.deny(
            execution, Denial(DenialReason.NOTHING_HELD, {"held_by": execution.detail.get(LEAVES, "")})
        )

    async def _wait(self, signal: Signal, execution: Execution, wait: Wait, receives: int) -> Handled:
        """Give the message back, or end it: what has begun is finished by the reconciler all the same."""
        if signal.is_expired(self.clock.now()):
            return await self.record.expire(execution)
        return await self.record.pause(execution, wait, receives)

    def _later(self, problem: str) -> Wait:
        return Wait(Obstacle.AWAITING_EXIT, self.clock.now() + _SOON, {"exit": problem})


def _why(signal: Signal) -> str:
    return f"signal {signal.signal_id}"
