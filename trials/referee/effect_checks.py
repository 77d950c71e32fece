"""What must hold at the moment an effect happens: nobody sends, claims, reserves or learns what he may not."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

from argo.domain.account import TradingState
from argo.domain.execution import Execution, ExecutionState, Fill
from argo.domain.ledger import Settlement
from argo.domain.reasons import DenialReason
from argo.domain.signal import Signal
from trials.faults import Call
from trials.referee.evidence import UNRESOLVED, Evidence
from trials.referee.names import ENTRIES, named

SKEW = timedelta(seconds=2)
"""How far a worker's clock may be off, either way."""

_READ_BY = timedelta(seconds=40)
"""Within this time every worker has read what was there before it began: the executor's timeout, and some skew."""

_KEEPS_EXITS = frozenset({DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED})


class Witness:
    """Sees every effect just before it happens."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._held: dict[tuple[str, str], int] = {}
        self._planned_once: dict[str, dict[str, object]] = {}
        self._sees: Mapping[str, Callable[[Call], None]] = {
            "claim": self._see_claim,
            "submit": self._see_order,
            "record_exit": self._see_plan,
            "record_protection": self._see_plan,
            "intend": self._see_intent,
            "settle": self._see_settlement,
        }

    def see(self, call: Call) -> None:
        """See an effect; before it, what has become of the claim that was seen last."""
        if self._held:
            self._check_leases()
        if (see := self._sees.get(call.name)) is not None:
            see(call)

    def _see_claim(self, call: Call) -> None:
        """An execution is asked for that another worker may still be at."""
        signal, executor = call.args
        assert isinstance(signal, Signal)  # noqa: S101 - the port's type, which a call does not carry
        stored = self._evidence.ledger.find(signal.signal_id, str(executor))
        if stored is None or stored.state not in UNRESOLVED:
            return
        if stored.lease_until - self._evidence.clock.now() > 2 * SKEW:
            self._held[stored.key] = stored.epoch

    def _check_leases(self) -> None:
        """Whoever asked has got nothing: its holder's epoch is the last."""
        for key, epoch in self._held.items():
            stored = self._evidence.ledger.find(*key)
            if stored is not None and stored.epoch != epoch:
                self._evidence.violated(
                    "lease_taken", " ".join(key), f"at epoch {stored.epoch}, before the lease's end"
                )
        self._held.clear()

    def _see_order(self, call: Call) -> None:
        """An order reaches the broker: it must be on the record, of a living execution, and in time."""
        (body,) = call.args
        assert isinstance(body, Mapping)  # noqa: S101 - the port's type, which a call does not carry
        client_id, now = str(body.get("client_order_id")), self._evidence.clock.now()
        name, execution = named(client_id), self._evidence.execution_named(client_id)
        if name is None or execution is None:
            return self._evidence.violated("order_without_intent", client_id, "no execution")
        planned = _planned(execution, name.leg)
        if dict(body) not in (planned, self._planned_once.get(client_id)):
            self._evidence.violated("order_without_intent", client_id, f"the record plans {planned}")
        began = now - timedelta(seconds=self._evidence.second() - call.began)
        if name.is_entry and began >= execution.expires_at + SKEW:
            self._evidence.violated("expired_sent", client_id, f"expired at {execution.expires_at:%H:%M:%S}")
        return None

    def _see_plan(self, call: Call) -> None:
        """A plan may be overwritten: who read it before may still be about to send it."""
        execution = call.args[0]
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        body = _planned(stored, "exit" if call.name == "record_exit" else "guard") if stored else None
        if body is not None:
            self._planned_once[str(body["client_order_id"])] = body

    def _see_intent(self, call: Call) -> None:
        """Money is reserved: not by an account that may take no new risk."""
        execution, read = call.args[0], call.kwargs["account"]
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        state = self._evidence.ledger.find_account(execution.executor)
        if state is None or state.version != getattr(read, "version", None):
            return  # It will be refused.
        if state.trading_state is not TradingState.ACTIVE:
            self._evidence.violated(
                "risk_while_halted", execution.signal_id, f"{execution.executor} is {state.trading_state}"
            )

    def _see_settlement(self, call: Call) -> None:
        """Fills are learnt: never fewer than were known; a denial is of new risk only."""
        execution, state, settlement = call.args
        assert isinstance(execution, Execution)  # noqa: S101 - as above
        assert isinstance(settlement, Settlement)  # noqa: S101 - as above
        if state is ExecutionState.DENIED:
            self._see_denial(execution, settlement)
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is None or settlement.fills is None:
            return
        if (stored.state, stored.epoch) != (execution.state, execution.epoch):
            return  # It will be refused.
        learnt = _filled(settlement.fills)
        for order_id, quantity in _filled(stored.fills).items():
            if learnt[order_id] < quantity:
                self._evidence.violated(
                    "fills_shrank", execution.signal_id, f"{quantity} -> {learnt[order_id]} of {order_id}"
                )

    def _see_denial(self, execution: Execution, denied: Settlement) -> None:
        """A signal against a position leaves it: nothing that limits new risk may stand in its way."""
        account = self._evidence.ledger.find_account(execution.executor)
        held = account.holdings.get(execution.symbol) if account is not None else None
        now = self._evidence.clock.now()
        if held is None or held.side is execution.side or now - held.since < _READ_BY:
            return  # It may have been read when nothing was held yet.
        if execution.closes is None and denied.reason not in _KEEPS_EXITS:
            self._evidence.violated(
                "exit_denied", execution.signal_id, f"{execution.executor} {execution.symbol}: {denied.reason}"
            )


def _planned(execution: Execution, leg: str) -> dict[str, object] | None:
    """Return the body that the record plans for a leg."""
    body = execution.order_body
    if leg not in ENTRIES:
        part = execution.exit if leg == "exit" else execution.protection
        body = part.order_body if part else None
    return dict(body) if body is not None else None


def _filled(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    return defaultdict(Decimal, {fill.order_id: fill.quantity for fill in fills})
