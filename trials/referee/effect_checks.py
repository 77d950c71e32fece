"""What must hold at the moment an effect happens: nobody sends, claims, reserves or learns what he may not."""

from collections.abc import Mapping
from datetime import timedelta

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Unauthorised
from argo.domain.ledger import Settlement
from argo.domain.reasons import DenialReason
from argo.time_left import LEAST_SECONDS
from trials.effects import Call
from trials.referee.evidence import ENTRIES, Evidence, named
from trials.workers import SKEW

_READ_BY = timedelta(seconds=40)
"""Within this time every worker has read what was there before it began: the executor's timeout, and some skew."""

_KEEPS_EXITS = frozenset({DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED})


class EffectChecks:
    """Sees every effect just before it happens."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._planned_once: dict[str, dict[str, object]] = {}

    def see(self, call: Call) -> None:
        """See an effect."""
        match call.name, call.args:
            case "submit", (Mapping() as body,):
                self._see_order(body, call)
            case "record_exit", (Execution() as execution, *_):
                self._see_plan(execution, "exit")
            case "record_protection", (Execution() as execution, *_):
                self._see_plan(execution, "guard")
            case "set_trading_state", (str() as executor, TradingState.HALTED):
                self._see_halt(executor, call)
            case "intend", (Execution() as execution, *_):
                self._see_intent(execution, call.kwargs["account"])
            case "settle", (Execution() as execution, ExecutionState.DENIED, Settlement() as settlement):
                self._see_denial(execution, settlement)

    def _see_order(self, body: Mapping[str, object], call: Call) -> None:
        """An order reaches the broker: it must be on the record, of a living execution, and in time."""
        evidence, client_id = self._evidence, str(body.get("client_order_id"))
        name, execution = named(client_id), evidence.execution_named(client_id)
        if name is None or execution is None:
            return evidence.violated("order_without_intent", client_id, "no execution")
        planned = _planned(execution, name.leg)
        if dict(body) not in (planned, self._planned_once.get(client_id)):
            evidence.violated("order_without_intent", client_id, f"the record plans {planned}")
        if call.worker.ends_at - call.began < LEAST_SECONDS:
            said = f"{call.worker.name} had {call.worker.ends_at - call.began:.1f} s left"
            evidence.violated("begun_too_late", client_id, said)
        sent_at = evidence.clock.now() - timedelta(seconds=evidence.second() - call.began)
        if name.leg in ENTRIES and sent_at >= execution.expires_at + SKEW:
            evidence.violated("expired_sent", client_id, f"expired at {execution.expires_at:%H:%M:%S}")
        return None

    def _see_plan(self, execution: Execution, leg: str) -> None:
        """A plan may be overwritten: who read it before may still be about to send it."""
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is not None and (body := _planned(stored, leg)) is not None:
            self._planned_once[str(body["client_order_id"])] = body

    def _see_halt(self, executor: str, call: Call) -> None:
        reason = str(call.kwargs["reason"])
        if reason.startswith(Unauthorised.__name__) and not call.worker.refused:
            self._evidence.violated("halted_in_vain", executor, reason)

    def _see_intent(self, execution: Execution, read: object) -> None:
        state = self._evidence.ledger.find_account(execution.executor)
        if state is None or not isinstance(read, AccountState) or state.version != read.version:
            return  # It will be refused.
        if state.trading_state is not TradingState.ACTIVE:
            said = f"{execution.executor} is {state.trading_state}"
            self._evidence.violated("risk_while_halted", execution.signal_id, said)

    def _see_denial(self, execution: Execution, denied: Settlement) -> None:
        """A signal against a position leaves it: nothing that limits new risk may stand in its way."""
        account = self._evidence.ledger.find_account(execution.executor)
        held = account.holdings.get(execution.symbol) if account is not None else None
        now = self._evidence.clock.now()
        if held is None or held.side is execution.side or now - held.since < _READ_BY:
            return  # It may have been read when nothing was held yet.
        if execution.closes is None and denied.reason not in _KEEPS_EXITS:
            said = f"{execution.executor} {execution.symbol}: {denied.reason}"
            self._evidence.violated("exit_denied", execution.signal_id, said)


def _planned(execution: Execution, leg: str) -> dict[str, object] | None:
    """Return the body that the record plans for a leg."""
    body = execution.order_body
    if leg not in ENTRIES:
        part = execution.exit if leg == "exit" else execution.protection
        body = part.order_body if part else None
    return dict(body) if body is not None else None
