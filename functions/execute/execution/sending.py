"""Send the order that is on the record, and find out what became of one whose outcome is not known."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Ambiguous, BrokerFault
from argo.domain.ledger import Settlement
from argo.domain.metrics import Metric
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Accept, LookUp, Reject, SendAgain, Wait, after_look_up
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal
from execution.outcomes import LeftToReconciler, Outcome, Waiting, expired, rejected, submitted

if TYPE_CHECKING:
    from execution.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends one account's entries."""

    wiring: "Wiring"

    async def send(self, signal: Signal, execution: Execution) -> Outcome:
        """Send a SUBMITTING execution's order, once; a silent answer is looked up.

        Raises:
            LostLease: another worker has moved the execution.
        """
        ports, rules = self.wiring.ports, self.wiring.rules
        sent_at = ports.clock.now()
        if rules.has_expired(signal, sent_at):
            # The gate and the ledger took their time; nothing of this attempt is at the broker.
            return expired(execution)
        answer: BrokerOrder | BrokerFault
        try:
            answer = await self.post(execution)
        except BrokerFault as fault:
            answer = fault
        ports.telemetry.record(Metric.BROKER_CALL, (ports.clock.now() - sent_at) / timedelta(milliseconds=1))
        match rules.after_submit(answer):
            case Accept(order=order):
                return submitted(execution, order, {})
            case Reject(reason=reason, detail=detail):
                return rejected(execution, reason, detail)
            case Wait() as wait:
                # An earlier attempt of unknown outcome may still arrive: then this one's answer settles nothing.
                return Waiting(execution, wait, withdraw=not execution.was_unknown)
            case LookUp(detail=detail):
                if isinstance(answer, Ambiguous):
                    ports.telemetry.count(Metric.AMBIGUOUS_SUBMISSIONS)
                unknown = await ports.ledger.pause(
                    execution,
                    Obstacle.OUTCOME_UNKNOWN,
                    until=execution.lease_until,
                    now=ports.clock.now(),
                    state=ExecutionState.UNKNOWN,
                    detail=detail,
                )
                return await self.look_up(signal, unknown)

    async def post(self, execution: Execution) -> BrokerOrder:
        """Send the order on the record.

        Raises:
            BrokerFault: as `Broker.submit`.
        """
        return await self.wiring.broker.submit(execution.order_body or {})

    async def look_up(self, signal: Signal, execution: Execution) -> Outcome:
        """Look for an order by its client order id, and send it again where it certainly never arrived.

        Raises:
            LostLease: another worker has moved the execution.
        """
        ports = self.wiring.ports
        found: BrokerOrder | BrokerFault | None
        try:
            found = await self.wiring.broker.order_by_client_id(execution.client_order_id)
        except BrokerFault as fault:
            found = fault
        now = ports.clock.now()
        too_old = self.wiring.rules.has_expired(signal, now)
        match after_look_up(found, execution, now=now):
            case Accept(order=order, differences=differences):
                return submitted(execution, order, differences)
            case SendAgain() if too_old:
                return expired(execution)
            case SendAgain():
                again = Settlement(sent_again=True)
                execution = await ports.ledger.settle(execution, ExecutionState.SUBMITTING, again, now=now)
                return await self.send(signal, execution)
            case Wait() as wait if too_old:
                return LeftToReconciler(execution, wait)
            case Wait() as wait:
                return Waiting(execution, wait)
