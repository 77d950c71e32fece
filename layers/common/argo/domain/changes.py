"""What each write of the ledger changes of an execution, whatever the ledger keeps it in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from argo.domain.account import TradeExit
from argo.domain.execution import Execution, ExecutionState, Transition, check_transition
from argo.domain.history import shortened, step_told
from argo.domain.kept_in_detail import KEPT_IN_DETAIL, kept_detail, recorded
from argo.domain.ledger import Held, Intent, Release, Settled, Settlement
from argo.domain.placements import Exit, Protection
from argo.domain.reasons import Obstacle
from argo.domain.sizes import cut

_WORKABLE = frozenset({ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})
_REASON = 500
"""Bytes of a reason's words."""

_NOTHING_RESERVED = {"reserved_notional": Decimal(0), "reserved_risk": Decimal(0)}


@dataclass(frozen=True, slots=True)
class Change:
    """The fields that a write sets, None where it forgets one, and the step that it adds to the history.

    ``of_same_state`` is a change that keeps the state, and holds for the record as it was read only. ``history``
    is the whole of it, with the step, where it has become too long to be added to. ``release`` is what the account
    gets back with it, ``ended`` the trade that has ended.
    """

    values: Mapping[str, object]
    step: Transition
    history: tuple[Transition, ...] | None = None
    of_same_state: bool = False
    release: Release = Release.NOTHING
    ended: TradeExit | None = None

    @property
    def written(self) -> Mapping[str, object]:
        """The values that are attributes of the record: what it keeps in its detail stands there already."""
        return {name: value for name, value in self.values.items() if name not in KEPT_IN_DETAIL}

    @property
    def needs_all_as_read(self) -> bool:
        """True where nobody may have written anything since, the same state and epoch are not enough."""
        return self.of_same_state or self.history is not None

    def applied_to(self, execution: Execution) -> Execution:
        """Return the execution as the write leaves it."""
        history = self.history or (*execution.history, self.step)
        return execution.model_copy(update={**self.values, "history": history, "revision": execution.revision + 1})


def landed(found: Execution | None, change: Change) -> bool:
    """Tell whether a write stands on the record: its step does, whoever has gone on from there since.

    A worker asks where its write's answer was lost: a step that was taken at the same microsecond, to the same
    state, by the same holder and for the same reason is its own.
    """
    step = change.history[-1] if change.history else change.step
    return found is not None and step in found.history


def holds_claim(found: Execution | None, mine: Execution) -> bool:
    """Tell whether a claim stands on the record as it was written."""
    if found is None:
        return False
    claim = (mine.state, mine.epoch, mine.lease_until, mine.updated_at)
    return (found.state, found.epoch, found.lease_until, found.updated_at) == claim


def turned_away(found: Execution, now: datetime) -> Held | Settled | None:
    """Tell a delivery why it may not work on an execution now; None where it may.

    It may revive what was dead-lettered, and take over what a worker holds whose lease is over.
    """
    if found.state is ExecutionState.DEAD_LETTERED:
        return None
    if found.state not in _WORKABLE:
        return Settled(found)
    return Held(found.lease_until) if found.lease_until > now else None


def taken_over(found: Execution, *, now: datetime, lease_until: datetime) -> Execution:
    """Return an execution as its next worker holds it: the epoch is the next, the history is as it was."""
    return found.model_copy(update={"epoch": found.epoch + 1, "lease_until": lease_until, "updated_at": now})


def revived(found: Execution, *, now: datetime, lease_until: datetime) -> Change:
    """Begin a dead-lettered execution anew: its message has been redriven and can be read."""
    values = {"epoch": found.epoch + 1, "lease_until": lease_until, "reason": None}
    return _transition(found, ExecutionState.CLAIMED, values, now=now, told={"redriven": "true"})


def intended(execution: Execution, intent: Intent, *, now: datetime) -> Change:
    """Record the order that is about to be sent.

    Raises:
        IllegalTransition: the execution is past being sent.
    """
    told = {
        **intent.detail,
        **recorded(
            planned_stop=intent.planned_stop, planned_target=intent.planned_target, closes=execution.closes
        ),
    }
    values = {
        "client_order_id": intent.client_order_id,
        "order_body": dict(intent.order_body),
        "reserved_notional": intent.notional,
        "reserved_risk": intent.risk,
        "planned_stop": intent.planned_stop,
        "planned_target": intent.planned_target,
        "missing_since": None,
        "sent_again": False,
        "detail": kept_detail({}, told),
        "attempts": execution.attempts + 1,
    }
    return _transition(execution, ExecutionState.SUBMITTING, values, now=now, told=told)


def settled(execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime) -> Change:
    """Move an execution to a state with what was learnt; None leaves a field as it is.

    Raises:
        IllegalTransition: there is no way to the state.
    """
    reason = None if settlement.reason is None else cut(str(settlement.reason), _REASON)
    learnt = {
        "reason": reason,
        "order_id": settlement.order_id,
        "legs": settlement.legs,
        "fills": settlement.fills,
        "realised_profit": settlement.realised_profit,
    }
    values: dict[str, object] = {name: value for name, value in learnt.items() if value is not None}
    details = {**settlement.detail, **recorded(sent_again=settlement.sent_again)}
    values["detail"] = kept_detail(execution.detail, details)
    if settlement.sent_again:
        values |= {"missing_since": None, "sent_again": True}
    if state is ExecutionState.SUBMITTING:
        values["attempts"] = execution.attempts + 1
    told = {**_known({"reason": reason, "order_id": settlement.order_id}), **details}
    change = _transition(execution, state, values, now=now, told=told, release=settlement.release)
    return replace(change, ended=settlement.trade_exit)


def paused(
    execution: Execution,
    obstacle: Obstacle,
    *,
    until: datetime,
    now: datetime,
    state: ExecutionState | None = None,
    detail: Mapping[str, str] | None = None,
    release: Release = Release.NOTHING,
    closes: str | None = None,
    missing_since: datetime | None = None,
) -> Change:
    """Record what stood in the way and from when the next delivery may go on.

    Raises:
        IllegalTransition: there is no way to the state, where one is given.
    """
    details = {**(detail or {}), **recorded(closes=closes, missing_since=missing_since)}
    values: dict[str, object] = {"obstacle": str(obstacle), "lease_until": until}
    values["detail"] = kept_detail(execution.detail, details)
    if closes is not None:
        values["closes"] = closes
    if missing_since is not None:
        values["missing_since"] = missing_since
    told = {"obstacle": str(obstacle), **details}
    return _transition(execution, state or execution.state, values, now=now, told=told, release=release)


def exit_recorded(execution: Execution, planned: Exit, *, now: datetime) -> Change:
    cut_short = {"why": cut(planned.why, _REASON), "reason": planned.reason and cut(planned.reason, _REASON)}
    planned = planned.model_copy(update=cut_short)
    refused = planned.reason if planned.order_body is None else None
    told = {"exit": planned.why, "refused": refused, "exit_order_id": planned.order_id}
    return _amended(execution, {"exit": planned}, now=now, told=_known(told))


def protection_recorded(execution: Execution, protection: Protection, *, now: datetime) -> Change:
    cut_short = {"reason": protection.reason and cut(protection.reason, _REASON)}
    protection = protection.model_copy(update=cut_short)
    told = {"cover": str(protection.cover), "why": protection.reason, "guard_order_id": protection.order_id}
    return _amended(execution, {"protection": protection}, now=now, told=_known(told))


def _transition(
    execution: Execution,
    state: ExecutionState,
    values: Mapping[str, object],
    *,
    now: datetime,
    told: Mapping[str, str],
    release: Release = Release.NOTHING,
) -> Change:
    if state is not execution.state:
        check_transition(execution.state, state)
    step = Transition(state=state, at=now, epoch=execution.epoch, detail=step_told(told))
    given_back = {} if release is Release.NOTHING else _NOTHING_RESERVED
    written = {"state": state, "updated_at": now, **values, **given_back}
    history, same = shortened(execution.history, step), state is execution.state
    return Change(written, step, history, of_same_state=same, release=release)


def _amended(
    execution: Execution, values: Mapping[str, object], *, now: datetime, told: Mapping[str, str]
) -> Change:
    step = Transition(state=execution.state, at=now, epoch=execution.epoch, detail=step_told(told))
    history = shortened(execution.history, step)
    return Change({"updated_at": now, **values}, step, history, of_same_state=True)


def _known(told: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in told.items() if value}
