"""Positions that a reconciler repairs, each with what has happened to it since the last run."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from argo.domain.execution import ExecutionState
from argo.domain.profile import ExitRules
from argo.ports import GivenPorts
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from simulation.broker import Behaviour, order_request
from tests.faults.cell import a_place
from tests.faults.worker_processes import Delivery, Reconciliation, deliver
from tests.interposing import INTERPOSED
from tests.pipeline.pipeline import MINUTE, PRICE, Pipeline
from tests.unit.builders import a_signal

WRITES = {
    "ledger": {"observe", "pause", "record_exit", "record_protection", "set_trading_state", "settle"},
    "broker": {"cancel", "replace", "submit"},
}


class Position:
    """A position of its own account and symbol, and what has happened to it since the last run."""

    rules = ExitRules()
    price = PRICE
    fractional = False
    orders: tuple[int, int, int]
    """How many entries, guards and exits the broker has had at the end, by the leg in their client ids."""
    ends = ExecutionState.CLOSED

    def __init__(self, pipeline: Pipeline, worker_processes):
        self.pipeline, self.worker_processes = pipeline, worker_processes
        self.executor, self.symbol = a_place(pipeline)
        small = pipeline.small_profile()
        self.profile = small.model_copy(update={"exits": self.rules, "fractional": self.fractional})
        self.set_price(self.price)
        now = pipeline.clock.now()
        self.signal = a_signal(
            symbol=self.symbol,
            entry_price=self.price,
            stop_price=self.price * Decimal("0.95"),
            target_price=self.price * Decimal("1.1"),
            bar_time=now - MINUTE,
            created_at=now,
            expires_at=now + 20 * MINUTE,
        )
        self.arrange()

    def arrange(self):
        raise NotImplementedError

    def enter(self):
        deliver(
            Delivery(
                environment=self.pipeline.variables("argo", executor=self.executor),
                profile=self.profile,
                event=self.pipeline.event_of(self.signal),
                now=self.pipeline.clock.now(),
            )
        )

    def set_price(self, price):
        self.pipeline.set_price(self.symbol, Decimal(price))

    def call(self, method, *args, **options):
        broker = self.pipeline.server.broker
        return self.pipeline.background.call(partial(getattr(broker, method), *args, **options))

    def run(self, crash=None):
        """Run the reconciler in a process of its own."""
        work = Reconciliation(
            environment=self.pipeline.variables("argo", executor=self.executor),
            profile=self.profile,
            now=self.pipeline.clock.now(),
            crash=crash,
        )
        return self.worker_processes.run(work)[0]

    def reconcile(self):
        """Run the reconciler here and return what it wrote, to the ledger and to the broker."""
        written = []
        wiring = reconciliation_wiring.from_environment(
            self.pipeline._environment(self.executor),
            self.pipeline.clock,
            profile=self.profile,
            log_to=self.pipeline.logs,
        )
        watched = {
            port: INTERPOSED[port](getattr(wiring.ports, port), _watching(port, written)) for port in WRITES
        }
        asyncio.run(reconcile(replace(wiring, ports=GivenPorts.like(wiring.ports, **watched))))
        return written

    @property
    def account(self):
        return self.pipeline.at_broker("argo")

    @property
    def execution(self):
        return self.pipeline.execution(self.signal, self.executor)

    def ours(self, leg=""):
        prefix = f"argo-{self.executor}-{self.signal.signal_id}-{leg}"
        return [order for order in self.pipeline.broker_orders() if order.client_order_id.startswith(prefix)]

    def until_the_end(self):
        for _ in range(4):
            self.pipeline.pass_time(MINUTE)
            self.reconcile()

    def check(self):
        """Check that there is one order of each kind, and that nothing is left over."""
        found = self.execution
        assert found.state is self.ends
        assert tuple(len(self.ours(leg)) for leg in ("entry", "guard", "exit")) == self.orders
        account = self.pipeline.account(self.executor)
        assert (account.reserved_notional, account.reserved_risk) == (0, 0)
        stops = [o for o in self.account.open_orders if o.symbol == self.symbol and o.stop_price]
        held = self.pipeline.held(self.symbol)
        if found.state is ExecutionState.CLOSED:
            assert (held, stops, account.holdings) == (0, [], {})
            fills = [fill for fill in self.account.fills if fill.asset.symbol == self.symbol]
            assert found.realised_profit == sum(fill.cash_change for fill in fills)
        else:
            assert sum(stop.remaining(stop.stop_price) for stop in stops) == held > 0
            assert set(account.holdings) == {self.symbol}


def _watching(port, written):
    """Return what notes each write of a port as its method is called."""

    async def note(name, method, /, *args, **kwargs):
        if name in WRITES[port]:
            written.append((port, name))
        return await method(*args, **kwargs)

    return note


class Part(Position):
    """Of the entry a part has filled, and it was cancelled: a pair of exits is placed."""

    orders = (1, 1, 0)
    ends = ExecutionState.FILLED

    def arrange(self):
        self.call_liquidity(5)
        self.enter()
        self.call("cancel", self.account, self.ours("entry")[0].id)

    def call_liquidity(self, quantity):
        client_id = f"argo-{self.executor}-{self.signal.signal_id}-entry"
        self.pipeline.background.call(
            partial(self.pipeline.server.broker.fill_limits.update, {client_id: Decimal(quantity)})
        )


class Late(Position):
    """Held for longer than the profile allows: its legs are cancelled and it is sold."""

    rules = ExitRules(bars=1)
    orders = (1, 0, 1)

    def arrange(self):
        self.enter()
        self.reconcile()
        self.pipeline.pass_time(MINUTE)


class Target(Position):
    """Its target has filled."""

    orders = (1, 0, 0)

    def arrange(self):
        self.enter()
        self.set_price(PRICE + 10)


class Both(Position):
    """Both exits have filled: what was sold too much is bought back."""

    orders = (1, 0, 1)

    def arrange(self):
        self.enter()
        self.account.behaviour = Behaviour(rival_cancel_takes=timedelta(seconds=30))
        self.set_price(PRICE - 5)
        self.set_price(PRICE + 10)
        self.account.behaviour = Behaviour()


class ByHand(Position):
    """A person has sold it: the sale is taken over and the legs are cancelled."""

    orders = (1, 0, 0)

    def arrange(self):
        self.enter()
        self.reconcile()
        self.pipeline.pass_time(MINUTE)
        quantity = str(self.pipeline.held(self.symbol))
        body = {"symbol": self.symbol, "side": "sell", "qty": quantity, "type": "market", "time_in_force": "day"}
        self.call("trade_by_hand", self.account, order_request(body))


class Trailing(Position):
    """A fraction of a share whose stop, an order by itself, is moved."""

    rules = ExitRules(trail_r=Decimal(1))
    price = Decimal(30_000)
    fractional = True
    orders = (1, 1, 0)
    ends = ExecutionState.FILLED

    def arrange(self):
        self.enter()
        self.reconcile()
        self.set_price(31_000)
