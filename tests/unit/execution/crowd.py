"""A crowd of executors at one account: each step of each can be followed by any step of another.

The workers decide with the real gate and the real sizing. The account's item is a model with the version rule of
the ledger's intent, the broker a model whose orders and positions can disagree for as long as Alpaca's do.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.account import AccountState, Holding, Position, minute_of
from argo.domain.ledger import ReservationConflict, SymbolLocked
from argo.domain.orders import BrokerOrder
from argo.domain.profile import Profile
from argo.domain.reasons import Denial
from argo.domain.signal import Side, Signal
from argo.domain.symbols import Symbol, groups_of
from execution import checks, gate
from execution.planning import Plan, plan_entry
from execution.view import AccountView
from tests.unit.builders import (
    NOW,
    EveryAsset,
    a_broker_account,
    a_broker_order,
    a_market_clock,
    a_position,
    an_account_state,
)

USABLE = Decimal("0.95")

type Steps = Generator[None]


def decide(signal: Signal, profile: Profile, view: AccountView, now: datetime) -> Plan | Denial:
    """Ask the gate and the sizing as the flow does, on one view."""
    denial = (
        gate.first_denial(gate.SIGNAL_CHECKS, signal, profile)
        or gate.first_denial(gate.LEDGER_CHECKS, signal, profile, view.state, now)
        or gate.first_denial(gate.ACCOUNT_CHECKS, signal, profile, view)
    )
    if denial is not None:
        return denial
    plan = plan_entry(signal, profile, view, executor="argo")
    if isinstance(plan, Denial):
        return plan
    return checks.within_exposure(plan, profile, view) or plan


@dataclass
class AccountItem:
    """The ledger's item of the account with its locks, under the rule of `writes.intent_transaction`."""

    state: AccountState = field(default_factory=an_account_state)

    def reserve(self, read: AccountState, signal: Signal, plan: Plan, now: datetime) -> None:
        if read.version != self.state.version:
            raise ReservationConflict
        if signal.symbol in self.state.holdings:
            raise SymbolLocked
        lock = Holding(signal.signal_id, signal.side, plan.notional, plan.entry.risk, now)
        self._write(
            plan.notional,
            holdings={**self.state.holdings, signal.symbol: lock},
            rate_minute=minute_of(now),
            rate_orders=read.orders_in_minute(now) + 1,
        )

    def release(self, signal: Signal, notional: Decimal, *, symbol: bool) -> None:
        kept = {each: lock for each, lock in self.state.holdings.items() if each != signal.symbol or not symbol}
        self._write(-notional, holdings=kept)

    def _write(self, notional: Decimal, **changed: object) -> None:
        moved = {
            "version": self.state.version + 1,
            "reserved_notional": self.state.reserved_notional + notional,
        }
        self.state = self.state.model_copy(update=moved | changed)


@dataclass
class Bound:
    """What one signal's order binds at the broker."""

    signal: Signal
    plan: Plan
    filled_at: datetime | None = None
    gone_at: datetime | None = None


@dataclass
class BrokerModel:
    """A broker whose balances are right at any moment and whose positions follow fills with a lag."""

    power: Decimal
    equity: Decimal
    lag: timedelta
    foreign: tuple[Position, ...] = ()
    taken: list[Bound] = field(default_factory=list)

    def positions(self, now: datetime) -> tuple[Position, ...]:
        shown = [
            each
            for each in self.taken
            if each.filled_at is not None
            and each.filled_at + self.lag <= now
            and (each.gone_at is None or now < each.gone_at + self.lag)
        ]
        return (*self.foreign, *(_position(each) for each in shown))

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(_order(each) for each in self.taken if each.filled_at is None)

    @property
    def buying_power(self) -> Decimal:
        return self.power - sum((each.plan.notional for each in self.taken if each.gone_at is None), Decimal(0))


@dataclass(frozen=True)
class Reserved:
    """A reservation and what stood beside it, as only the world itself can know."""

    signal: Signal
    notional: Decimal
    at: datetime
    others: dict[Symbol, Decimal]


@dataclass
class World:
    """An account, its broker, a clock, and those who act on them."""

    profile: Profile
    broker: BrokerModel
    item: AccountItem = field(default_factory=AccountItem)
    now: datetime = NOW
    actors: list[Steps] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)
    conflicts: int = 0
    _bound: dict[Symbol, Decimal] = field(default_factory=dict)

    def execute(self, signal: Signal) -> None:
        self.actors.append(self._worker(signal))

    def step(self, choice: int, waits: timedelta) -> None:
        """Let time pass, then let one of the actors make its next step."""
        self.now += waits
        actor = self.actors[choice % len(self.actors)]
        try:
            next(actor)
        except StopIteration:
            self.actors.remove(actor)

    def _worker(self, signal: Signal) -> Steps:
        for _ in range(8):
            read = self.item.state
            yield
            read_at = self.now
            positions, orders = self.broker.positions(self.now), self.broker.open_orders()
            yield
            view = AccountView(
                read_at=read_at,
                state=read,
                broker=a_broker_account(buying_power=self.broker.buying_power, equity=self.broker.equity),
                clock=a_market_clock(),
                positions=positions,
                orders=orders,
                assets=EveryAsset(),
            )
            plan = decide(signal, self.profile, view, self.now)
            if isinstance(plan, Denial):
                return
            yield
            try:
                self.item.reserve(read, signal, plan, self.now)
            except SymbolLocked:
                return
            except ReservationConflict:
                self.conflicts += 1
            else:
                self.reserved.append(Reserved(signal, plan.notional, self.now, dict(self._bound)))
                self._bound[signal.symbol] = plan.notional
                yield from (None, None, None)  # The order is on its way while others read, decide and reserve.
                bound = Bound(signal, plan)
                self.broker.taken.append(bound)
                self.actors.append(self._outcome(bound))
                return

    def _outcome(self, bound: Bound) -> Steps:
        """Fill, tell the ledger, close, tell the ledger: the reconciler is always behind the broker."""
        yield
        bound.filled_at = self.now
        yield
        self.item.release(bound.signal, bound.plan.notional, symbol=False)
        yield
        yield
        bound.gone_at = self.now
        del self._bound[bound.signal.symbol]
        yield
        self.item.release(bound.signal, Decimal(0), symbol=True)

    def overreach(self) -> list[str]:
        """Name every rule that a reservation broke, by what was bound in truth when it was made."""
        broken = []
        for number, made in enumerate(self.reserved):
            broken += [f"{rule}: {made}" for rule in self._broken_by(made, self.reserved[:number])]
        return broken

    def _broken_by(self, made: Reserved, before: list[Reserved]) -> list[str]:
        profile, others = self.profile, made.others
        held = {*others, *(Symbol(position.symbol) for position in self.broker.foreign)}
        bound = sum(others.values(), Decimal(0))
        exposed = bound + sum((abs(each.market_value or 0) for each in self.broker.foreign), Decimal(0))
        same_minute = [each for each in before if minute_of(each.at) == minute_of(made.at)]
        broken = []
        if made.notional > (self.broker.power - bound) * USABLE:
            broken.append("buying power")
        if made.signal.symbol in held:
            broken.append("a symbol twice")
        if profile.position_limit is not None and len(held) >= profile.position_limit:
            broken.append("positions")
        if profile.correlated_positions is not None and any(
            sum(group in groups_of(each, profile.correlation_groups) for each in held)
            >= profile.correlated_positions
            for group in groups_of(made.signal.symbol, profile.correlation_groups)
        ):
            broken.append("correlation")
        if profile.exposure_limit_percent is not None and (
            exposed + made.notional > self.broker.equity * profile.exposure_limit_percent / 100
        ):
            broken.append("exposure")
        if profile.orders_per_minute is not None and len(same_minute) >= profile.orders_per_minute:
            broken.append("order rate")
        if made.notional > self.broker.power * profile.size_cap_percent / 100:
            broken.append("size cap")
        return broken


def a_foreign_position(symbol: str, value: object) -> Position:
    return a_position(symbol=symbol, quantity=Decimal(10), market_value=Decimal(str(value)))


def _position(bound: Bound) -> Position:
    entry = bound.plan.entry
    signed = entry.quantity if entry.side is Side.BUY else -entry.quantity
    return a_position(
        symbol=entry.symbol,
        quantity=signed,
        average_entry_price=entry.limit_price,
        market_value=signed * entry.limit_price,
    )


def _order(bound: Bound) -> BrokerOrder:
    entry = bound.plan.entry
    return a_broker_order(
        client_order_id=entry.client_order_id,
        symbol=str(entry.symbol),
        side=str(entry.side),
        quantity=entry.quantity,
        limit_price=entry.limit_price,
    )
