"""The outcome policy: what the broker says in, what Argo does out. No effects.

docs/policies.md has the table, written from what these functions decide.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo.domain.account import VIEWS_LAG
from argo.domain.execution import Execution
from argo.domain.faults import BrokerFault, NotSent, Refused, Throttled, Unauthorised
from argo.domain.kept_in_detail import recorded
from argo.domain.orders import BrokerOrder, differences
from argo.domain.reasons import Obstacle, RejectionReason

QUIESCENCE = timedelta(seconds=10) + VIEWS_LAG
"""How long an order that was sent may not be there: ten seconds on its way, then as long as the views lag."""

_LONGEST_WORK = timedelta(seconds=60)
"""What a worker has recorded as about to be sent is sent by then, or never: its function's time is up."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The broker has the order; ``differences`` from the plan are recorded, for a live order is live."""

    order: BrokerOrder
    differences: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """Final: the broker will not have it."""

    reason: RejectionReason
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask for the order by client order id before anything else; ``unknown`` when it may have landed."""

    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class SendAgain:
    """No such order, twice: send it with the same client order id."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on with a later delivery; ``until`` None leaves the time to the backoff.

    ``missing_since`` is when a look-up first found no order, where that is what it waits for.
    """

    obstacle: Obstacle
    until: datetime | None = None
    detail: dict[str, str] = field(default_factory=dict)
    missing_since: datetime | None = None

    @property
    def told(self) -> dict[str, str]:
        """The detail, with what the record's has beside it."""
        return self.detail | recorded(missing_since=self.missing_since)


type AfterSubmit = Accept | Reject | LookUp | Wait
type AfterLookUp = Accept | SendAgain | Wait


def after_submit(answer: BrokerOrder | BrokerFault) -> AfterSubmit:
    """Decide on the answer to a POST."""
    match answer:
        case BrokerOrder():
            return Accept(answer)
        case Refused(reason=reason):
            return Reject(reason, answer.detail())
        case Throttled() | Unauthorised() | NotSent():
            return waiting_for(answer)
        case _:
            return LookUp(answer.detail() | {"answer": type(answer).__name__.lower()})


def after_look_up(found: BrokerOrder | BrokerFault | None, execution: Execution, *, now: datetime) -> AfterLookUp:
    """Decide on the answer to a look-up by client order id.

    An order that is not there may still be on its way: only a second look, `QUIESCENCE` after the first,
    lets it be sent again, and with the same id, so that the broker itself refuses the one too many.
    """
    match found:
        case BrokerOrder():
            return Accept(found, differences(execution.order_body, found) if execution.order_body else {})
        case None:
            first = execution.missing_since or now
            if now - first >= QUIESCENCE:
                return SendAgain()
            return Wait(Obstacle.OUTCOME_UNKNOWN, first + QUIESCENCE, missing_since=first)
        case _:
            return waiting_for(found)


def may_arrive(sent_at: datetime | None, now: datetime) -> bool:
    """Tell whether an order that was about to be sent may still be on its way, or not be shown yet.

    If it is sent again meanwhile, under the same client order id, and refused, then that settles nothing.
    """
    return sent_at is not None and now - sent_at < _LONGEST_WORK + QUIESCENCE


def waiting_for(fault: BrokerFault) -> Wait:
    """Decide on a fault of a request that changes nothing: wait, whatever it was."""
    match fault:
        case Throttled(until=until):
            return Wait(Obstacle.BROKER_THROTTLED, until, fault.detail())
        case NotSent(obstacle=obstacle):
            return Wait(obstacle, detail=fault.detail())
        case Unauthorised():
            return Wait(Obstacle.BROKER_UNAUTHORISED, detail=fault.detail())
        case _:
            return Wait(Obstacle.BROKER_UNREACHABLE, detail=fault.detail())
