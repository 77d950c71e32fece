"""A message given back because AWS was in the way: what is still held of its signal is let go of first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import LostLease
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal
from argo.ports import Unavailable
from argo.repeating import persisted
from execution.backoff import backoff, held_for
from execution.recording import Later
from execution.wiring import Wiring

_PATIENCE = timedelta(seconds=4)
"""How long a claim is tried to be let go of; after that it ends with its lease."""

_HELD = frozenset({ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Returner:
    """Gives messages of one account back."""

    wiring: Wiring

    async def give_back(self, signal: Signal, receives: int, asked_at: datetime, obstacle: Exception) -> Later:
        """Let go of the claim that was asked for at ``asked_at``, and say when the message comes back.

        The claim may stand unheard: the next delivery would find it held for the whole of its lease. An order that
        may have been sent is looked up by whoever comes next.
        """
        ports, limits = self.wiring.ports, self.wiring.limits.unavailable
        ports.telemetry.count(Metric.AWS_UNAVAILABLE)
        ports.telemetry.log.warning("aws_unavailable", signal_id=signal.signal_id, error=str(obstacle))
        delay = backoff(signal.signal_id, receives, limits.after(receives, signal, ports.clock.now()))

        async def let_go() -> None:
            found = await ports.ledger.execution(signal.signal_id, self.wiring.executor)
            if found is not None and self._is_held(found, asked_at):
                now = ports.clock.now()
                state = ExecutionState.UNKNOWN if found.state is ExecutionState.SUBMITTING else None
                until = now + held_for(signal, found.state, receives, limits, now)
                await ports.ledger.pause(found, Obstacle.AWS_UNAVAILABLE, until=until, now=now, state=state)

        try:
            await persisted(let_go, ports.clock, patience=_PATIENCE)
        except LostLease:
            pass  # Somebody else has it meanwhile.
        except Unavailable as error:
            ports.telemetry.log.warning("claim_not_let_go", signal_id=signal.signal_id, error=str(error))
        return Later(delay, Obstacle.AWS_UNAVAILABLE)

    def _is_held(self, found: Execution, asked_at: datetime) -> bool:
        """Tell whether an execution is held by the claim of that moment: nobody else's has the same lease."""
        return found.state in _HELD and found.lease_until == asked_at + self.wiring.limits.lease
