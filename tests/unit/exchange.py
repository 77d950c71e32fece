"""A broker with one bracket and its position, and the ledger that keeps its execution's exit."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from argo.domain.account import Position
from argo.domain.execution import Execution
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.placements import Exit
from tests.unit.builders import a_broker_order, a_position

TARGET = a_broker_order(order_id="target", status=OrderStatus.NEW, limit_price=Decimal(110))
STOP = a_broker_order(order_id="stop", status=OrderStatus.HELD, stop_price=Decimal(95))


def an_entry(filled=12, *, status=OrderStatus.FILLED, legs=(TARGET, STOP)):
    return a_broker_order(order_id="entry", status=status, filled_quantity=Decimal(filled), legs=legs)


@dataclass
class Book:
    """A ledger that keeps one execution's exit, and remembers each of its plans."""

    plans: list[Exit] = field(default_factory=list)

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        self.plans.append(planned)
        return execution.model_copy(update={"exit": planned, "updated_at": now})


@dataclass
class Exchange:
    """A broker with one bracket and its position; ``sluggish`` shows a cancellation late, faults raise once."""

    book: Book
    entry: BrokerOrder | None = field(default_factory=an_entry)
    held: tuple[Position, ...] = (a_position(symbol="AAPL", quantity=Decimal(12)),)
    sluggish: bool = False
    faults: dict[str, Exception] = field(default_factory=dict)
    exits: dict[str, BrokerOrder] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    plans_before_submission: int | None = None

    def _do(self, what: str) -> None:
        self.done.append(what)
        if fault := self.faults.pop(what.partition(" ")[0], None):
            raise fault

    async def order(self, order_id: str) -> BrokerOrder | None:
        if order_id != "entry":
            return next((order for order in self.exits.values() if order.order_id == order_id), None)
        return self.entry

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        self._do("look up")
        return self.exits.get(client_order_id)

    async def cancel(self, order_id: str) -> bool:
        self._do(f"cancel {order_id}")
        if self.entry is None or self.sluggish:
            return True
        final = {"status": OrderStatus.CANCELED}
        legs = tuple(leg if leg.status.is_final else leg.model_copy(update=final) for leg in self.entry.legs)
        ended = {} if self.entry.status.is_final else final
        self.entry = self.entry.model_copy(update={"legs": legs} | ended)
        return True

    async def positions(self) -> tuple[Position, ...]:
        self._do("positions")
        return self.held

    async def submit(self, body: dict[str, object]) -> BrokerOrder:
        self.plans_before_submission = len(self.book.plans)
        taken = a_broker_order(
            order_id="exit-1", client_order_id=str(body["client_order_id"]), side=str(body["side"])
        )
        if "late" in self.faults:
            self.exits[taken.client_order_id] = taken
            raise self.faults.pop("late")
        self._do(f"submit {body['side']} {body['qty']}")
        self.exits[taken.client_order_id] = taken
        return taken
