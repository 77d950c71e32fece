"""What the ledger is told and what it answers: claims, intents, settlements, stored signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TypedDict

from argo.domain.account import TradeExit
from argo.domain.execution import Execution, ExecutionState
from argo.domain.lists import Unreadable
from argo.domain.orders import BrokerOrder
from argo.domain.placements import Fill, OrderLeg
from argo.domain.reasons import Withdrawal
from argo.domain.signal import Signal, SignalOutcome


@dataclass(frozen=True, slots=True)
class Claimed:
    """The execution is this worker's until its lease ends; ``taken_over`` when another had held it."""

    execution: Execution
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Another worker holds the execution until ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """The execution is past this worker's part: the message can be acknowledged."""

    execution: Execution


type Claim = Claimed | Held | Settled


class LostLease(Exception):
    """The execution has moved on under another worker: state or epoch is not what this one believes."""


class ReservationConflict(Exception):
    """The account item changed between read and write: read it again."""


class SymbolLocked(Exception):
    """Another execution holds the symbol at this account; its signal id is the argument."""


@dataclass(frozen=True, slots=True)
class BrokerAccountHolder:
    """Which executor trades an account of the broker; ``told`` has what a person has been told of others."""

    executor: str
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Intent:
    """What is written before an order is sent.

    ``notional`` and ``risk`` in USD are what it may bind, ``planned_stop`` and ``planned_target`` its exits.
    """

    client_order_id: str
    order_body: Mapping[str, object]
    notional: Decimal
    risk: Decimal
    planned_stop: Decimal | None = None
    planned_target: Decimal | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


class Release(Enum):
    """What a transition gives back to the account, in the same transaction.

    A filled entry's money is the broker's to count, its symbol stays taken until the position is closed.
    """

    NOTHING = "nothing"
    RESERVATION = "reservation"
    RESERVATION_AND_SYMBOL = "reservation_and_symbol"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an execution learns at a transition; None leaves a field as it is.

    ``trade_exit`` is written beside it where a trade has ended. ``sent_again`` says that an order which a look-up
    did not find is about to be sent once more.
    """

    reason: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    order_id: str | None = None
    legs: tuple[OrderLeg, ...] | None = None
    fills: tuple[Fill, ...] | None = None
    realised_profit: Decimal | None = None
    trade_exit: TradeExit | None = None
    sent_again: bool = False
    release: Release = Release.NOTHING


class Pause(TypedDict, total=False):
    """What an execution may learn at a pause.

    ``state`` is given where the pause is a transition too: SUBMITTING to UNKNOWN, or back to CLAIMED with a
    ``release`` of what the intent had reserved. ``closes`` is the signal whose position this one begins to close,
    ``missing_since`` when a look-up first found no order.
    """

    state: ExecutionState | None
    detail: Mapping[str, str]
    release: Release
    closes: str | None
    missing_since: datetime | None


def accepted(order: BrokerOrder, differences: Mapping[str, str]) -> Settlement:
    """Return what is learnt when the broker has the order: its ids, and how it differs from the plan."""
    legs = tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in order.legs)
    answered = {"request_id": order.request_id} if order.request_id else {}
    return Settlement(order_id=order.order_id, legs=legs, detail={**differences, **answered})


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal as the ledger keeps it: the executors it was sent to, and those it still has to be.

    ``declined`` has the executors that did not want it, each with the reason; ``outcome`` is what became of it
    in the market, None until that is known.
    """

    signal: Signal
    mode: str
    published_to: frozenset[str]
    awaiting: frozenset[str]
    declined: Mapping[str, str] = field(default_factory=dict)
    outcome: SignalOutcome | None = None

    @property
    def addressed(self) -> frozenset[str]:
        """The accounts it was or will be sent to, and those that it was meant for until it expired."""
        never_sent = (name for name, reason in self.declined.items() if reason == Withdrawal.NEVER_SENT)
        return self.published_to.union(self.awaiting, never_sent)


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A signal with its execution per account.

    ``stored`` is None where the ledger lacks the signal and some account has executed it all the same: it was
    addressed to nobody, so such a record makes a gap. ``unreadable`` are parts of it that are there and cannot be
    read.
    """

    stored: StoredSignal | None
    executions: Mapping[str, Execution]
    unreadable: Sequence[Unreadable] = ()

    @property
    def subject(self) -> Signal | Execution:
        """Whichever record there is: both know the signal's id, symbol, side, confidence and time."""
        return self.stored.signal if self.stored else next(iter(self.executions.values()))

    @property
    def signal_id(self) -> str:
        return self.subject.signal_id

    @property
    def created_at(self) -> datetime:
        return self.subject.created_at

    @property
    def addressed(self) -> frozenset[str]:
        return self.stored.addressed if self.stored else frozenset()

    @property
    def declined(self) -> Mapping[str, str]:
        return self.stored.declined if self.stored else {}

    @property
    def undecided(self) -> frozenset[str]:
        """The accounts that have it, or will: those it was meant for, but for whom it left the outbox unsent."""
        return self.addressed - self.declined.keys()

    @property
    def modes(self) -> set[str]:
        return {each.mode for each in (self.stored, *self.executions.values()) if each is not None}


@dataclass(frozen=True, slots=True)
class PutSignal:
    """What is stored after a put, and whether this put created it."""

    stored: StoredSignal
    created: bool
