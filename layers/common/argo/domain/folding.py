"""Fills of many orders as those of few: no share and no cent is lost, and the record's size is bounded. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from argo.domain.orders import BrokerOrder
from argo.domain.placements import Fill, FillLeg, Placement

MOST_EARLIER = 8
"""Orders that ended filled in part and are still read, of an exit or a guard; those before are folded."""

MOST_FILLS = 16
_KEPT_APART = 6

_NINE_PLACES = Decimal("1e-9")


def fold[P: Placement](
    again: P, read: Sequence[BrokerOrder], *, now: datetime, entry: BrokerOrder | None = None
) -> P:
    """Return a placement that reads no more than `MOST_EARLIER` earlier orders.

    ``read`` are its earlier orders, in their order, and what else there may be; ``entry`` is given with exits.
    """
    many = len(again.earlier) - MOST_EARLIER
    if many <= 0 or many > len(read):
        return again
    fills = [*(again.folded or ()), *(fill for order in read[:many] for fill in _fills_of(order, entry, now))]
    return again.model_copy(update={"earlier": again.earlier[many:], "folded": _one_of_each_leg(fills)})


def bounded(fills: Sequence[Fill], known: Iterable[Fill]) -> tuple[Fill, ...]:
    """Return fills, the entry's first, no more than `MOST_FILLS`: the oldest of equal legs are one.

    One that is ``known`` already keeps its time.
    """
    if len(fills) <= MOST_FILLS:
        return tuple(fills)
    times = {_name(fill): fill.at for fill in known}
    together = _one_of_each_leg(fills[1:-_KEPT_APART])
    same = [fill.model_copy(update={"at": times.get(_name(fill), fill.at)}) for fill in together]
    return (fills[0], *same, *fills[-_KEPT_APART:])


def leg_of_exit(order: BrokerOrder, entry: BrokerOrder) -> FillLeg:
    return "correction" if order.side == entry.side else "exit"


def _fills_of(order: BrokerOrder, entry: BrokerOrder | None, now: datetime) -> Iterable[Fill]:
    for each in order.with_legs:
        leg = each.role if entry is None else leg_of_exit(each, entry)
        quantity, price = each.filled_quantity, each.filled_average_price or Decimal(0)
        if quantity:
            yield Fill(order_id=each.order_id, leg=leg, quantity=quantity, price=price, at=each.filled_at or now)


def _one_of_each_leg(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    sums: dict[FillLeg, Fill] = {}
    for fill in fills:
        known = sums.get(fill.leg)
        sums[fill.leg] = fill if known is None else _together(known, fill)
    return tuple(sums.values())


def _together(known: Fill, fill: Fill) -> Fill:
    quantity, paid = known.quantity + fill.quantity, known.money + fill.money
    sum_of_both: Mapping[str, object] = {
        "quantity": quantity,
        "price": (paid / quantity).quantize(_NINE_PLACES),
        "paid": paid,
        "at": max(known.at, fill.at),
    }
    return fill.model_copy(update=sum_of_both)


def _name(fill: Fill) -> tuple[object, ...]:
    return fill.order_id, fill.leg, fill.quantity, fill.money
