"""What a position needs: the ledger's view and the broker's in, one action out. Pure.

`reconciliation.repair_policy` has every case, in a table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.account import VIEWS_LAG, MarketClock
from argo.domain.execution import Execution
from argo.domain.orders import BrokerOrder
from argo.domain.placements import Cover
from argo.domain.prices import Rounding, on_tick, tick
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.settlement import Orders, may_be_cancelled
from argo.domain.signal import Side

ATTEMPTS = 2
"""How often a protective order is sent before the profile decides: as planned, then at corrected prices."""

PATIENCE = timedelta(seconds=30)
"""How long a part of an entry may wait for the rest: a bracket's exits work once all of it has filled."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One execution and what is known of it; ``position`` is signed towards its side, prices are in USD."""

    execution: Execution
    orders: Orders
    position: Decimal
    price: Decimal | None
    clock: MarketClock
    now: datetime

    @property
    def stop(self) -> Decimal:
        return _known(self.execution.planned_stop)

    @property
    def target(self) -> Decimal:
        return _known(self.execution.planned_target)

    @property
    def filled_at(self) -> datetime:
        """When the entry filled, as far as it is known."""
        return next((fill.at for fill in self.execution.fills if fill.leg == "entry"), self.now)

    @property
    def long(self) -> bool:
        return self.execution.side is Side.BUY


@dataclass(frozen=True, slots=True)
class Cancel:
    orders: tuple[BrokerOrder, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Place what protects ``quantity``; without a target where the broker takes no pair of exits."""

    quantity: Decimal
    stop: Decimal
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Close:
    """Close the position at the market."""

    why: str


@dataclass(frozen=True, slots=True)
class Tighten:
    order: BrokerOrder
    stop: Decimal


@dataclass(frozen=True, slots=True)
class Adopt:
    """Look for orders of somebody else that closed the position, or bought back what exits sold too much.

    ``quantity`` is what the execution's own orders leave: held, or, below zero, sold too much.
    """

    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """Tell a person: nothing is done by guessing."""

    problem: str


type Action = Cancel | Guard | Close | Tighten | Adopt | Report


type PlanRepair = Callable[[Situation, ExitRules], Action | None]
type Protecting = Callable[[Situation, Decimal, ExitRules], Action | None]


def plan_repair(seen: Situation, rules: ExitRules, *, protecting: Protecting | None = None) -> Action | None:
    """Return what the position needs first, or None where all is well; ``protecting`` stands for `protect`."""
    entry, held = seen.orders.entry, seen.orders.held
    if not entry.status.is_final:
        if may_be_cancelled(seen.execution, entry, seen.now):
            return Cancel((entry,), "its signal has expired")
        half_filled = bool(held) and seen.now - seen.filled_at >= PATIENCE
        return Cancel((entry,), "partly filled, and its exits wait for the rest") if half_filled else None
    if held < 0:
        return Close("two exits filled") if seen.position < 0 else _adoption(seen)
    if held == 0:
        return Cancel(tuple(seen.orders.live), "its position is closed") if seen.orders.live else None
    if seen.position <= 0:
        return _adoption(seen)
    if (due := _exit_due(seen, rules)) is not None:
        return Close(due)
    return (protecting or protect)(seen, min(held, seen.position), rules)


def cover(seen: Situation) -> Cover:
    """Return how much of what is held a live stop would close."""
    stops = sum((stop.quantity or Decimal(0) for stop in seen.orders.live_stops), Decimal(0))
    if stops >= min(seen.orders.held, max(seen.position, Decimal(0))):
        return Cover.COMPLETE
    return Cover.PARTIAL if stops else Cover.NONE


def _adoption(seen: Situation) -> Adopt | None:
    """Return the search for somebody else's orders, once the broker's views agree about our own."""
    filled = max((order.filled_at for _, order in seen.orders.closing if order.filled_at), default=seen.filled_at)
    return Adopt(seen.orders.held) if seen.now - max(filled, seen.filled_at) > VIEWS_LAG else None


def _exit_due(seen: Situation, rules: ExitRules) -> str | None:
    stock = not seen.execution.symbol.is_crypto
    if rules.bars is not None and seen.now - seen.filled_at >= rules.bars * seen.execution.timeframe.duration:
        return f"held for {rules.bars} bars"
    before = timedelta(minutes=rules.minutes_before_close or 0)
    if before and stock and seen.clock.is_open and seen.clock.next_close - seen.now <= before:
        return f"{rules.minutes_before_close} minutes before the close"
    carries_target = bool(seen.orders.entry.legs) or any(guard.legs for guard in seen.orders.guards)
    if not carries_target and seen.price is not None and _is_past(seen.price, seen.target, up=seen.long):
        return "target reached"
    return None


def protect(seen: Situation, quantity: Decimal, rules: ExitRules) -> Action | None:
    """Return what keeps ``quantity`` protected, or brings its stop closer."""
    if cover(seen) is Cover.COMPLETE:
        return Close("the market is past its stop") if _is_passed_over(seen) else _tighten(seen, rules)
    live = tuple(seen.orders.live)
    if live:
        # A part of it is guarded, or only its target is: the broker would refuse a second order for it.
        return Cancel(live, "they do not guard all that is held")
    if seen.price is not None and _is_past(seen.price, seen.stop, up=not seen.long):
        return Close("the market is past its stop")
    known = seen.execution.protection
    if known is not None and known.times_refused >= ATTEMPTS:
        flatten = rules.unprotected is OnUnprotected.FLATTEN
        return Close("the broker will not guard it") if flatten else Report("the broker will not guard it")
    stop, target = _corrected(seen) if known is not None and known.attempt else (seen.stop, seen.target)
    whole = quantity == quantity.to_integral_value() and not seen.execution.symbol.is_crypto
    return Guard(quantity, stop, target if whole else None)


def _is_passed_over(seen: Situation) -> bool:
    """Tell whether the market has jumped over a stop and its limit: coins take no stop without one."""
    price = seen.price
    limits = [stop.limit_price for stop in seen.orders.live_stops if stop.limit_price is not None]
    return price is not None and any(price < limit if seen.long else price > limit for limit in limits)


def _corrected(seen: Situation) -> tuple[Decimal, Decimal]:
    """Return stop and target on tick and on their sides of the market, for a second attempt."""
    kind, price = seen.execution.symbol.asset_class, seen.price
    if price is None:
        return seen.stop, seen.target
    step = tick(price, kind)
    if seen.long:
        stop = on_tick(min(seen.stop, price - step), kind, Rounding.DOWN)
        return stop, on_tick(max(seen.target, price + step), kind, Rounding.UP)
    stop = on_tick(max(seen.stop, price + step), kind, Rounding.UP)
    return stop, on_tick(min(seen.target, price - step), kind, Rounding.DOWN)


def _tighten(seen: Situation, rules: ExitRules) -> Tighten | None:
    """Return the move of the stop that the profile's rules ask for; a stop only ever comes closer."""
    entry = seen.orders.entry.filled_average_price
    stops = seen.orders.live_stops
    if seen.price is None or entry is None or len(stops) != 1 or stops[0].stop_price is None:
        return None
    if stops[0].filled_quantity:
        # It is at work: what it has filled would stay behind with the order that another replaces.
        return None
    side = 1 if seen.long else -1
    risk = abs(entry - seen.stop)
    gain = (seen.price - entry) * side
    wanted = []
    if rules.break_even_at_r is not None and gain >= rules.break_even_at_r * risk:
        wanted.append(entry)
    if rules.trail_r is not None:
        wanted.append(seen.price - side * rules.trail_r * risk)
    if not wanted or risk == 0:
        return None
    closest = max(wanted, key=lambda price: price * side)
    kind = seen.execution.symbol.asset_class
    stop = on_tick(closest, kind, Rounding.DOWN if seen.long else Rounding.UP)
    closer = (stop - stops[0].stop_price) * side >= tick(stop, kind)
    return Tighten(stops[0], stop) if closer and (seen.price - stop) * side > 0 else None


def _is_past(price: Decimal, level: Decimal, *, up: bool) -> bool:
    return price >= level if up else price <= level


def _known(price: Decimal | None) -> Decimal:
    if price is None:
        raise LookupError("the record has no planned exits")
    return price
