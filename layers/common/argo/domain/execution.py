"""The execution: one signal's way through one account, as a state machine."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from argo.domain.client_order_ids import ExecutorName, client_order_id
from argo.domain.kept_in_detail import read_detail
from argo.domain.placements import Exit, Fill, OrderLeg, Placement, Protection
from argo.domain.signal import Side, Signal, Timeframe
from argo.domain.symbols import Symbol
from argo.domain.values import Confidence, Frozen, Part, UtcTime


class ExecutionState(StrEnum):
    """Where an execution stands."""

    CLAIMED = "CLAIMED"
    SUBMITTING = "SUBMITTING"
    UNKNOWN = "UNKNOWN"
    SUBMITTED = "SUBMITTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CLOSED = "CLOSED"
    CANCELED = "CANCELED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    DEAD_LETTERED = "DEAD_LETTERED"

    @property
    def is_terminal(self) -> bool:
        """True when the execution has ended; only a dead-lettered one can begin anew, by a redrive."""
        return self in _ENDED

    @property
    def has_order(self) -> bool:
        """True when the broker is known to have taken the entry order."""
        return self in _WITH_ORDER


_S = ExecutionState
_ENDED = frozenset({_S.CLOSED, _S.CANCELED, _S.DENIED, _S.REJECTED, _S.EXPIRED, _S.DEAD_LETTERED})
_WITH_ORDER = frozenset({_S.SUBMITTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CLOSED, _S.CANCELED})

TRANSITIONS: Mapping[ExecutionState, frozenset[ExecutionState]] = {
    _S.CLAIMED: frozenset({_S.SUBMITTING, _S.DENIED, _S.EXPIRED, _S.DEAD_LETTERED, _S.CLOSED}),
    _S.SUBMITTING: frozenset({_S.SUBMITTED, _S.UNKNOWN, _S.CLAIMED, _S.REJECTED, _S.EXPIRED}),
    _S.UNKNOWN: frozenset({_S.SUBMITTED, _S.SUBMITTING, _S.REJECTED, _S.EXPIRED}),
    _S.SUBMITTED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.CLOSED, _S.CANCELED, _S.REJECTED}),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CLOSED}),
    _S.FILLED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.DENIED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.DEAD_LETTERED: frozenset({_S.CLAIMED}),
}
"""Every transition there is.

SUBMITTED may go straight to CLOSED when entry and exit fill between two looks, and to REJECTED because a broker
can refuse an order it had accepted. SUBMITTING goes back to CLAIMED when the broker certainly took nothing (429,
refused credentials): the intent is withdrawn with its reservation, and the next delivery passes the gate anew.
A claim that closed another execution's position is CLOSED itself: its order is that position's exit.
Only a claim, for which nothing was sent, is dead-lettered; redriven, it is claimed anew if this code can read it.
"""


class IllegalTransition(ValueError):
    """A write that the state machine does not know."""


def check_transition(source: ExecutionState, target: ExecutionState) -> None:
    """Raise `IllegalTransition` unless the table has the way from ``source`` to ``target``."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(f"{source} -> {target}")


class Transition(Part):
    """One step of an execution's history.

    One that stands for several equal ones has how many ``times``, ``at`` being the first and ``last`` the last.
    """

    state: ExecutionState
    at: UtcTime
    epoch: int
    detail: Mapping[str, str] = {}
    times: int | None = None
    last: UtcTime | None = None

    @property
    def count(self) -> int:
        """How many steps this one stands for."""
        return self.times or 1

    @property
    def until(self) -> datetime:
        """When the last of them was."""
        return self.last or self.at


_IN_DETAIL = Field(exclude=True)


class Execution(Frozen):
    """The ledger's record of one signal at one account.

    ``epoch`` counts the workers that have held it: every write names the epoch it believes in, so a worker
    that was thought dead cannot overwrite its successor. ``lease_until`` is the end of the holder's time, or,
    after a pause, the time from which the next delivery may go on. ``obstacle`` is what the last attempt met,
    ``reason`` why the execution ended without an order.

    ``closes`` is the signal whose position this one closes. ``missing_since`` is when a look-up first found no
    order of an unknown fate, ``sent_again`` says that the order was sent once more since. ``planned_stop`` and
    ``planned_target`` are the exits as planned, in USD. The record keeps these as texts of its ``detail``
    (`argo.domain.kept_in_detail`), which workers of every version read.

    ``revision`` counts the steps that workers of this version have written, 0 for none: with the history's length,
    which a worker of an older version moves, it tells whether the record is as it was read.
    """

    signal_id: str
    executor: ExecutorName
    mode: str
    state: ExecutionState
    epoch: int
    lease_until: UtcTime
    symbol: Symbol
    side: Side
    confidence: Confidence
    created_at: UtcTime
    expires_at: UtcTime
    timeframe: Timeframe = Timeframe.MINUTE
    client_order_id: str
    attempts: int = 0
    closes: Annotated[str | None, _IN_DETAIL] = None
    missing_since: Annotated[UtcTime | None, _IN_DETAIL] = None
    sent_again: Annotated[bool, _IN_DETAIL] = False
    planned_stop: Annotated[Decimal | None, _IN_DETAIL] = None
    planned_target: Annotated[Decimal | None, _IN_DETAIL] = None
    obstacle: str | None = None
    reason: str | None = None
    detail: Mapping[str, str] = {}
    order_id: str | None = None
    order_body: Mapping[str, object] | None = None
    reserved_notional: Decimal = Decimal(0)
    reserved_risk: Decimal = Decimal(0)
    legs: tuple[OrderLeg, ...] = ()
    fills: tuple[Fill, ...] = ()
    exit: Exit | None = None
    protection: Protection | None = None
    realised_profit: Decimal | None = None
    history: tuple[Transition, ...] = ()
    revision: Annotated[int, Field(exclude=True)] = 0
    updated_at: UtcTime

    @model_validator(mode="before")
    @classmethod
    def _read_detail(cls, values: Any) -> Any:  # noqa: ANN401 - pydantic's
        return read_detail(values) | values if isinstance(values, dict) else values

    @property
    def key(self) -> tuple[str, str]:
        """Signal id and executor: what the record is found by."""
        return self.signal_id, self.executor

    def client_order_id_of(self, placed: Placement) -> str:
        """Return the id under which the broker knows, or will know, an order beside the entry's own."""
        return client_order_id(self.executor, self.signal_id, placed.leg, placed.attempt)

    @property
    def was_unknown(self) -> bool:
        """True when an earlier sending's fate was unknown: it may arrive, whatever is answered to another."""
        return self.missing_since is not None or self.sent_again


def claimed(signal: Signal, *, executor: str, mode: str, now: datetime, lease_until: datetime) -> Execution:
    """Return the execution as its first worker claims it."""
    return Execution(
        signal_id=signal.signal_id,
        executor=executor,
        mode=mode,
        state=ExecutionState.CLAIMED,
        epoch=1,
        lease_until=lease_until,
        symbol=signal.symbol,
        side=signal.side,
        confidence=signal.confidence,
        created_at=signal.created_at,
        expires_at=signal.expires_at,
        timeframe=signal.timeframe,
        client_order_id=client_order_id(executor, signal.signal_id),
        history=(Transition(state=ExecutionState.CLAIMED, at=now, epoch=1),),
        updated_at=now,
    )
