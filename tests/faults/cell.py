"""One cell of the matrix: a signal, an account of its own, deliveries until it has come to an end."""

from datetime import timedelta
from itertools import count

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from tests.faults.matrix import Row
from tests.faults.worker_processes import ACKNOWLEDGED, GIVEN_BACK, Delivery, deliver
from tests.pipeline.pipeline import PRICE
from tests.unit.builders import a_signal

LEASE_AND_MORE = timedelta(seconds=50)
DELIVERIES = 12

_cells = count()


def a_place(pipeline):
    """Return an executor's name and a symbol with a price that nobody else has, at a broker who has no order yet.

    What others have left in its books would be listed and read with each view of the account.
    """
    number = next(_cells)
    pipeline.empty_account("argo")
    symbol = "".join(chr(ord("A") + number // 26**place % 26) for place in range(4))
    pipeline.set_price(symbol, PRICE)
    return f"cell{number}", symbol


class Cell:
    """Its executor's name, its symbol and its signal belong to it alone."""

    def __init__(self, pipeline, worker_processes):
        self.executor, symbol = a_place(pipeline)
        self._pipeline = pipeline
        self._worker_processes = worker_processes
        now = pipeline.clock.now()
        self.signal = a_signal(
            symbol=symbol,
            bar_time=now - timedelta(minutes=1),
            created_at=now,
            expires_at=now + timedelta(minutes=5),
        )
        self.event = pipeline.event_of(self.signal)
        self.codes = []
        self.calls = []
        """The ports and methods that each delivery here has called, in order."""

    def deliver(self, *crashes):
        """Deliver the message to as many workers at once as there are crashes; None is one that lives.

        Once a worker has acknowledged it, the queue has deleted it and nobody receives it any more.
        """
        if ACKNOWLEDGED not in self.codes:
            self.codes += self._worker_processes.run(*(self._delivery(crash) for crash in crashes))

    def deliver_here(self):
        """Deliver the message to a worker of this process, unless it has been acknowledged."""
        if ACKNOWLEDGED in self.codes:
            return
        self.calls.append([])
        answer = deliver(self._delivery(None), noted=self.calls[-1])
        self.codes.append(GIVEN_BACK if answer["batchItemFailures"] else ACKNOWLEDGED)

    def deliver_until_settled(self):
        """Deliver it again, each time after the leases are over, until a worker acknowledges it."""
        for _ in range(DELIVERIES):
            if ACKNOWLEDGED in self.codes:
                break
            self._pipeline.pass_time(LEASE_AND_MORE)
            self.deliver_here()
            self.resume()
        self._pipeline.pass_time(timedelta(minutes=6))
        self._pipeline.reconcile(self.executor)

    @property
    def execution(self):
        return self._pipeline.execution(self.signal, self.executor)

    @property
    def orders(self):
        """The broker's entry orders for the cell's symbol, of whatever client order id."""
        return [order for order in self._pipeline.broker_orders() if order.symbol == self.signal.symbol]

    def outcome(self, row: Row) -> str:
        """Check that there is one order, or the refusal that the row has, and say which.

        A refusal that nobody has recorded counts for nothing: the order is looked up, not found and sent again.
        """
        execution, orders = self.execution, self.orders
        assert execution is not None, "the signal is lost"
        assert len(orders) <= 1, f"{len(orders)} orders"
        account = self._pipeline.account(self.executor)
        if orders:
            assert execution.state.has_order, f"{execution.state} though the broker has an order"
            assert execution.order_id == orders[0].id
            return "1 order"
        assert (execution.state, execution.reason) == (ExecutionState.REJECTED, row.refused)
        assert execution.order_id is None
        assert (account.reserved_notional, account.reserved_risk) == (0, 0)
        return f"{execution.state} {execution.reason}"

    def _delivery(self, crash):
        return Delivery(
            environment=self._pipeline.variables("argo", executor=self.executor),
            profile=self._pipeline.small_profile(),
            event=self.event,
            now=self._pipeline.clock.now(),
            crash=crash,
        )

    def resume(self):
        """Do what a person does after credentials were refused and mended."""
        if self._pipeline.account(self.executor).trading_state is TradingState.HALTED:
            self._pipeline.resume(self.executor)
