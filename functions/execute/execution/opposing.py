"""A signal against an own position closes it, and then, where the profile flips, opens the other side.

What it closes is on its record before anything is cancelled: whoever comes after a crash must not take it for a
fresh entry once the position is gone (FAILURES A20, A21).
"""

from dataclasses import dataclass
from datetime import timedelta

from argo.closing import Closing, NothingHeld, PositionCloser
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import BrokerFault
from argo.domain.ledger import LostLease, ReservationConflict
from argo.domain.outcome import Wait, waiting_for
from argo.domain.reasons import Denial, DenialReason, Obstacle
from argo.domain.settlement import Move
from argo.domain.signal import Signal
from execution.account import AccountReader
from execution.gate import first_denial
from execution.outcomes import Outcome, Waiting, denied, expired, position_closed
from execution.wiring import Wiring

_SOON = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Opposition:
    """Closes positions for signals against them."""

    wiring: Wiring
    reader: AccountReader

    async def close_opposed(self, signal: Signal, execution: Execution) -> Execution | Outcome:
        """Close the position that a signal is against, if there is one.

        Returns:
            How the signal's way ends; its execution instead, where its own entry may follow.

        Raises:
            LostLease: another worker has moved the execution.
        """
        ports, denial = self.wiring.ports, None
        try:
            holder = await self._held_by(signal, execution)
            if holder is None:
                return execution
            if execution.closes is None:
                view = await self.reader.view()
                denial = first_denial(self.wiring.rules.exit_checks, signal, self.wiring.profile, view)
        except BrokerFault as fault:
            return Waiting(execution, waiting_for(fault))
        except ReservationConflict:
            return Waiting(execution, Wait(Obstacle.RESERVATION_CONTENDED))
        if denial is not None:
            return denied(execution, denial)
        if execution.closes is None:
            until, now = execution.lease_until, ports.clock.now()
            execution = await ports.ledger.pause(
                execution, Obstacle.AWAITING_EXIT, until=until, now=now, closes=holder
            )
        held = await ports.ledger.execution(holder, self.wiring.executor)
        if held is None or held.state.is_terminal:
            return self._was_closed(signal, execution, held)
        return await self._go_on(signal, execution, await self._close(held, signal))

    async def _go_on(self, signal: Signal, execution: Execution, closing: Closing) -> Execution | Outcome:
        if isinstance(closing, Wait):
            return self._wait(signal, execution, closing)
        move = self.wiring.rules.closing.settle(closing.execution, closing.orders, self.wiring.ports.clock.now())
        if isinstance(closing, NothingHeld):
            await self._settle(move, closing.execution)
            return self._was_closed(signal, execution, None)
        if not self.wiring.profile.flip:
            return position_closed(execution, closing.order.order_id)
        if move is None or move.state is not ExecutionState.CLOSED:
            return self._wait(signal, execution, self._later("the exit has not filled"))
        await self._settle(move, closing.execution)
        return execution

    async def _held_by(self, signal: Signal, execution: Execution) -> str | None:
        """Return the signal whose position this one is against, or was when it began to close it."""
        if execution.closes is not None:
            return execution.closes
        if self.wiring.rules.has_expired(signal, self.wiring.ports.clock.now()):
            return None
        holding = (await self.reader.state()).holdings.get(signal.symbol)
        return holding.signal_id if holding is not None and holding.side is not signal.side else None

    async def _close(self, held: Execution, signal: Signal) -> Closing:
        ports = self.wiring.ports
        closer = PositionCloser(ports.ledger, self.wiring.broker, ports.clock, self.wiring.rules.closing)
        try:
            return await closer.close(held, _why(signal))
        except LostLease:
            return self._later("its execution moved meanwhile")

    async def _settle(self, move: Move | None, held: Execution) -> None:
        """Write the end of the position that was closed; the reconciler may have been there before."""
        ports = self.wiring.ports
        if move is not None:
            try:
                await ports.ledger.settle(held, move.state, move.settlement, now=ports.clock.now())
            except LostLease:
                self.wiring.tell("settled_meanwhile", held)
        self.reader.changed()

    def _was_closed(self, signal: Signal, execution: Execution, held: Execution | None) -> Execution | Outcome:
        if self.wiring.profile.flip:
            return execution
        exited = held.exit if held is not None else None
        if exited is not None and exited.why == _why(signal) and exited.order_id is not None:
            return position_closed(execution, exited.order_id)
        return denied(execution, Denial.of(DenialReason.NOTHING_HELD, held_by=execution.closes or ""))

    def _wait(self, signal: Signal, execution: Execution, wait: Wait) -> Outcome:
        """Give the message back, or end it: what has begun is finished by the reconciler all the same."""
        if self.wiring.rules.has_expired(signal, self.wiring.ports.clock.now()):
            return expired(execution)
        return Waiting(execution, wait)

    def _later(self, problem: str) -> Wait:
        return Wait(Obstacle.AWAITING_EXIT, self.wiring.ports.clock.now() + _SOON, {"exit": problem})


def _why(signal: Signal) -> str:
    return f"signal {signal.signal_id}"
