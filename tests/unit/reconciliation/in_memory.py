"""A broker and a ledger in memory for one account: what they are told they keep, and tests can read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.account import AccountState, BrokerAccount, MarketClock, Position
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Settlement
from argo.domain.lists import Listed, Page
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.placements import Protection
from argo.domain.profile import Profile
from argo.domain.symbols import Symbol
from argo.observability import Telemetry
from argo.ports import GivenPorts, Ledger
from reconciliation.wiring import Wiring
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_broker_account, a_broker_order, a_market_clock, a_profile

AN_HOUR = timedelta(hours=1)


@dataclass
class Exchange:
    """A broker; ``faults`` raise once by method, ``broken`` ones always, ``late`` ones after it was done."""

    orders: dict[str, BrokerOrder] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    prices: dict[Symbol, Decimal] = field(default_factory=dict)
    faults: dict[str, Exception] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    late: dict[str, Exception] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def add(self, *orders: BrokerOrder) -> None:
        self.orders |= {order.order_id: order for order in orders}

    def asked(self, method: str) -> list[str]:
        return [each for each in self.done if each.split()[0] == method]

    def _do(self, what: str) -> None:
        self.done.append(what)
        method = what.split(maxsplit=1)[0]
        if fault := self.faults.pop(method, None) or self.broken.get(method):
            raise fault

    async def account(self) -> BrokerAccount:
        self._do("account")
        return a_broker_account()

    async def clock(self) -> MarketClock:
        self._do("clock")
        return a_market_clock(next_close=NOW + 5 * AN_HOUR)

    async def positions(self) -> list[Position]:
        self._do("positions")
        return [Position(symbol=s, quantity=q, average_entry_price=Decimal(100)) for s, q in self.held.items()]

    async def open_orders(self, **_: object) -> list[BrokerOrder]:
        self._do("open_orders")
        flat = [each for order in self.orders.values() for each in order.with_legs]
        return [order for order in flat if not order.status.is_final]

    async def closed_orders(self, symbol: Symbol, **_: object) -> list[BrokerOrder]:
        self._do("closed_orders")
        return [o for o in self.orders.values() if o.status.is_final and o.symbol == symbol]

    async def order(self, order_id: str) -> BrokerOrder | None:
        self._do(f"order {order_id}")
        return self.orders.get(order_id)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        self._do(f"look_up {client_order_id}")
        return next((o for o in self.orders.values() if o.client_order_id == client_order_id), None)

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        self._do(f"submit {body['client_order_id']}")
        order = a_broker_order(
            order_id=str(body["client_order_id"]),
            client_order_id=str(body["client_order_id"]),
            symbol=str(body["symbol"]),
            side=str(body["side"]),
            quantity=Decimal(str(body["qty"])),
            order_class=str(body.get("order_class", "simple")),
            status=OrderStatus.NEW,
        )
        self.add(order)
        if fault := self.late.pop("submit", None):
            raise fault
        return order

    async def cancel(self, order_id: str) -> bool:
        self._do(f"cancel {order_id}")
        return True

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        self._do(f"replace {order_id}")
        entry = next(o for o in self.orders.values() if order_id in {leg.order_id for leg in o.legs})
        (old,) = (leg for leg in entry.legs if leg.order_id == order_id)
        new = old.model_copy(update={"order_id": f"{order_id}+", "stop_price": stop_price})
        self.add(entry.model_copy(update={"legs": tuple(new if leg is old else leg for leg in entry.legs)}))
        return new

    async def latest_prices(self, symbols: Collection[Symbol]) -> dict[Symbol, Decimal]:
        return {symbol: self.prices[symbol] for symbol in symbols}


@dataclass
class Book:
    """A ledger of one account's executions."""

    executions: dict[str, Execution] = field(default_factory=dict)
    protections: list[Protection] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def add(self, *executions: Execution) -> None:
        self.executions |= {execution.signal_id: execution for execution in executions}

    def _keep(self, execution: Execution, now: datetime, **changed: object) -> Execution:
        kept = execution.model_copy(update={"updated_at": now} | changed)
        self.executions[execution.signal_id] = kept
        self.written.append(execution.signal_id)
        return kept

    async def open_executions(self, *_: object, **__: object) -> Listed[Execution]:
        return Listed(each for each in self.executions.values() if not each.state.is_terminal)

    async def accounted_until(self, _: str) -> datetime | None:
        return None

    async def account_until(self, executor: str, time: datetime) -> None:
        pass

    async def execution(self, signal_id: str, _: str) -> Execution | None:
        """Know every order's execution: built orders are all named after one signal."""
        return self.executions.get(signal_id) or next(iter(self.executions.values()), None)

    async def account(self, executor: str, **_: object) -> AccountState:
        return AccountState(executor=executor)

    async def observe(self, *_: object, **__: object) -> bool:
        return True

    async def signals_of(self, *_: object, **__: object) -> Page[object]:
        return Page([])

    async def executions_of(self, *_: object, **__: object) -> Page[object]:
        return Page([])

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        self.protections.append(protection)
        return self._keep(execution, now, protection=protection)

    async def record_exit(self, execution: Execution, planned: object, *, now: datetime) -> Execution:
        return self._keep(execution, now, exit=planned)

    async def settle(
        self, execution: Execution, state: ExecutionState, learnt: Settlement, *, now: datetime
    ) -> Execution:
        changed = {"state": state, "fills": learnt.fills or execution.fills}
        if learnt.legs is not None:
            changed["legs"] = learnt.legs
        return self._keep(execution, now, **changed)


def a_wiring(
    book: Book | Ledger,
    exchange: Exchange,
    *,
    now: datetime = NOW,
    profile: Profile | None = None,
    telemetry: Telemetry | None = None,
) -> Wiring:
    ports = GivenPorts(
        ledger=book,
        broker=exchange,
        market_data=exchange,
        queue=None,
        queues={},
        clock=SteppedClock(now),
        telemetry=telemetry or Telemetry("reconcile-unit", mode="simulated", executor="argo"),
    )
    return Wiring(ports, "argo", profile or a_profile())
