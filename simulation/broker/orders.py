"""Model orders: what was asked for, what has become of it, and how the orders of one group act on each other."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from itertools import chain
from typing import NamedTuple, Self

from simulation.broker.assets import Asset
from simulation.broker.behaviour import Behaviour
from simulation.broker.money import ZERO, nine_places
from simulation.broker.terms import TERMINAL, WORKING, OrderClass, OrderStatus, OrderType, Side, TimeInForce


class ComingEnd(NamedTuple):
    """An end that is certain to come, unless the order fills before."""

    status: OrderStatus
    at: datetime


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """An accepted order and its state; prices in USD, times UTC.

    Attributes:
        key_id: the account it belongs to.
        submitted_as: the status the answer to the submission shows.
        opening: whether it adds risk (opens or extends a position) rather than closing one.
        reserve_price: USD per unit that an opening order keeps from buying power until it ends.
        triggered: whether a stop-limit order has met its stop.
        watched: whether a held order is watched and fills all the same: how Alpaca shows a live stop leg.
        coming_end: when it will be cancelled or rejected.
        replaces, replaced_by: the ids of the orders before and after it.
        past: what it was before each change, oldest first.
    """

    id: str
    client_order_id: str
    key_id: str
    asset: Asset
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    quantity: Decimal | None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    extended_hours: bool = False
    opening: bool
    reserve_price: Decimal = ZERO
    status: OrderStatus
    submitted_as: OrderStatus
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None = None
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    triggered: bool = False
    watched: bool = False
    coming_end: ComingEnd | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    parent: Self | None = None
    legs: list[Self] = field(default_factory=list)
    past: "list[Order]" = field(default_factory=list)

    @property
    def symbol(self) -> str:
        return self.asset.symbol

    @property
    def is_open(self) -> bool:
        return self.status not in TERMINAL

    @property
    def is_working(self) -> bool:
        """Say whether it may fill now: neither over, nor held, nor waiting for the session."""
        return self.status in WORKING or (self.status is OrderStatus.HELD and self.watched)

    @property
    def is_entry(self) -> bool:
        """Say whether it opens a position that its legs then close."""
        return self.parent is None and self.order_class.is_entry

    @property
    def root(self) -> Self:
        """The order that was submitted: itself, or the one it is a leg of."""
        return self.parent or self

    @property
    def group(self) -> list[Self]:
        """All that were submitted together, the one that was submitted first."""
        return [self.root, *self.root.legs]

    @property
    def average_price(self) -> Decimal | None:
        return self.filled_value / self.filled_quantity if self.filled_quantity else None

    @property
    def awaits_stop(self) -> bool:
        """Say whether acting only triggers it: a market or limit order is what it is from then on."""
        return self.type.has_stop and not self.triggered

    @property
    def level(self) -> Decimal | None:
        """The price at which it acts next, None for at any."""
        return self.stop_price if self.awaits_stop else self.limit_price

    def acts_at(self, price: Decimal) -> bool:
        """Say whether it fills at a price or, before its stop, is triggered there."""
        level = self.level
        if level is None:
            return True
        acts_above = (self.side is Side.BUY) == self.awaits_stop
        return price >= level if acts_above else price <= level

    def remaining(self, price: Decimal) -> Decimal:
        """Return the unfilled quantity, for a notional order what is left of it at a price."""
        if self.quantity is not None:
            return self.quantity - self.filled_quantity
        return nine_places(((self.notional or ZERO) - self.filled_value) / price, ROUND_DOWN)

    @property
    def reserved(self) -> Decimal:
        """USD that it keeps from buying power while it is open."""
        if not (self.opening and self.is_open):
            return ZERO
        if self.notional is not None:
            return self.notional - self.filled_value
        return self.remaining(self.reserve_price) * self.reserve_price

    def as_of(self, at: datetime) -> "Order | None":
        """Return what it was at a moment, itself if it is so still; at the moment of a change, what it became."""
        return next((state for state in chain([self], reversed(self.past)) if state.updated_at <= at), None)

    def begin(self, at: datetime, behaviour: Behaviour) -> None:
        """Begin to work; the stop beside a target is shown as held where the behaviour says so."""
        is_stop_leg = self.parent is not None and self.type.has_stop
        has_target = not self.order_class.is_entry or any(not leg.type.has_stop for leg in self.root.legs)
        as_held = behaviour.stop_legs_stay_held and is_stop_leg and has_target
        self._change(at)
        self.status = OrderStatus.HELD if as_held else OrderStatus.NEW
        self.watched = self.watched or as_held

    def fill(self, quantity: Decimal, price: Decimal, at: datetime, behaviour: Behaviour) -> None:
        """Take in an execution, with the last of which it is over, and carry it over to the rest of the group.

        Legs of an entry come alive when it is completely filled, not before. An exit that fills ends the
        other exit; one that fills in part keeps the other for the rest only.
        """
        is_filled = quantity == self.remaining(price)
        self._change(at)
        self.filled_quantity += quantity
        self.filled_value += quantity * price
        if is_filled:
            self.status = OrderStatus.FILLED
            self.ended_at = at
        elif self.status is not OrderStatus.PENDING_CANCEL:
            self.status = OrderStatus.PARTIALLY_FILLED
        if self.is_entry:
            for leg in self.legs if is_filled else ():
                leg.begin(at, behaviour)
            return
        rivals = () if self.order_class is OrderClass.SIMPLE else self.group
        for rival in rivals:
            if rival is self or rival.is_entry or not rival.is_open:
                continue
            if not is_filled:
                rival.reduce(quantity, at)
            elif not behaviour.rival_cancel_takes:
                rival.end(OrderStatus.CANCELED, at)
            elif rival.coming_end is None:
                rival.cancel_at(at + behaviour.rival_cancel_takes, at)

    def end(self, status: OrderStatus, at: datetime) -> None:
        self._change(at)
        self.status = status
        self.ended_at = at

    def cancel_group(self, at: datetime) -> None:
        """End every open order of the group; what an entry filled before stays, without protection."""
        for member in self.group:
            if member.is_open:
                member.end(OrderStatus.CANCELED, at)

    def request_cancel(self, at: datetime, behaviour: Behaviour) -> None:
        """Cancel the group for a client: what works ends when the cancellation arrives, the rest with it."""
        working = [member for member in self.group if member.is_working]
        if not (behaviour.cancel_takes and working):
            self.cancel_group(at)
            return
        for member in working:
            if member.status is not OrderStatus.PENDING_CANCEL:
                member.cancel_at(at + behaviour.cancel_takes, at)

    def lapse(self, now: datetime) -> None:
        """End it if its cancellation, rejection or expiry is due, and with it the legs that waited for it."""
        coming = self.coming_end
        if coming is not None and coming.at <= now:
            self.end(coming.status, now)
        elif self.expires_at is not None and self.expires_at <= now:
            self.end(OrderStatus.EXPIRED, now)
        else:
            return
        for leg in self.legs if self.is_entry else ():
            if leg.is_open:
                leg.end(OrderStatus.CANCELED if coming else OrderStatus.EXPIRED, now)

    def take_place_of(self, old: Self, at: datetime) -> None:
        """Be where the replaced order was: among its parent's legs, or before its own."""
        old.end(OrderStatus.REPLACED, at)
        old.replaced_by = self.id
        if old.parent is not None:
            old.parent.hold_legs([self if leg is old else leg for leg in old.parent.legs], at)
        elif old.legs:
            self.hold_legs(old.legs, at)
            old.hold_legs([], at)

    def hold_legs(self, legs: list[Self], at: datetime) -> None:
        self._change(at)
        self.legs = legs
        for leg in legs:
            leg.parent = self

    def reduce(self, quantity: Decimal, at: datetime) -> None:
        """Ask for less by a quantity that another order has brought in."""
        if self.quantity is not None:
            self._change(at)
            self.quantity -= quantity

    def cancel_at(self, end: datetime, at: datetime) -> None:
        """Be cancelled at a later time, and be shown as pending until then."""
        self._change(at)
        self.status = OrderStatus.PENDING_CANCEL
        self.coming_end = ComingEnd(OrderStatus.CANCELED, end)

    def _change(self, at: datetime) -> None:
        self.past.append(replace(self))
        self.updated_at = at
