"""What stands beside an execution's entry: fills, a bracket's legs, exits and protection."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Literal, Self

from argo.domain.client_order_ids import Leg
from argo.domain.values import Part, Price, Quantity, UtcTime

FillLeg = Literal["entry", "take_profit", "stop_loss", "exit", "correction"]


class Fill(Part):
    """What was bought or sold so far by one order of the execution.

    A ``correction`` buys back what two exits that both filled have sold too much. One that stands for the fills of
    several orders names the last of them, the average price, and what all of it came to exactly, ``paid`` in USD.
    """

    order_id: str
    leg: FillLeg
    quantity: Quantity
    price: Price
    at: UtcTime
    paid: Decimal | None = None

    @property
    def money(self) -> Decimal:
        """Quantity by price, in USD."""
        return self.quantity * self.price if self.paid is None else self.paid


class OrderLeg(Part):
    """An order that belongs to a bracket, as the broker names it."""

    order_id: str
    role: Literal["take_profit", "stop_loss"]
    status: str


class Placement(Part):
    """An order that is placed beside an entry's own: planned, then sent, then accepted.

    ``order_body`` is known once it is decided what to send, ``sent_at`` is when that was last about to be sent,
    ``order_id`` is known once the broker has the order. ``earlier`` are orders that ended filled in part.
    ``attempt`` is the number of the order's client id: it is used up by what may have arrived at the broker.
    ``refusals`` counts how often an order of this number was refused, so that nothing was placed, ``refused_at``
    is when that was last. ``folded`` is what the first of many earlier orders have filled, which are read no more.
    """

    leg: ClassVar[Leg]

    attempt: int = 0
    order_body: Mapping[str, object] | None = None
    sent_at: UtcTime | None = None
    order_id: str | None = None
    earlier: tuple[str, ...] = ()
    folded: tuple[Fill, ...] | None = None
    refusals: int | None = None
    refused_at: UtcTime | None = None

    def refused(self, now: datetime) -> Self:
        """Return the placement after a refusal: nothing was placed, and its number can be used again."""
        again = {"order_body": None, "sent_at": None, "refusals": (self.refusals or 0) + 1, "refused_at": now}
        return self.model_copy(update=again)


class Exit(Placement):
    """How an execution's position is closed before its own legs do.

    ``why`` says who wanted it: ``signal <id>``, an operator, a rule. What to send is decided once the legs are
    cancelled. ``reason`` are the broker's words where it refused the last one.
    """

    leg = Leg.EXIT

    why: str
    planned_at: UtcTime
    attempt: int = 1
    reason: str | None = None


class Cover(StrEnum):
    """How much of a position the broker would close at its stop."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NONE = "none"


class Protection(Placement):
    """What guards an execution's position at the broker, as the reconciler last saw or made it.

    ``reason`` says why it is not complete, ``naked_since`` from when. The order is the one that the reconciler
    placed where the entry's own legs do not guard the position (FAILURES A16, B08).
    """

    leg = Leg.GUARD

    cover: Cover
    reason: str | None = None
    naked_since: UtcTime | None = None

    @property
    def times_refused(self) -> int:
        """How often the broker has refused it in a row; of one that an older version wrote, its number tells."""
        return 0 if self.order_body is not None else self.refusals or self.attempt
