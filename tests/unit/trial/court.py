"""A ledger, a broker and a queue as a trial has them, brought into any state, and the referee over them."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Intent, Release, Settlement
from argo.domain.placements import Fill, Protection
from simulation.broker import AccountSettings, SimulatedBroker, order_request
from simulation.market.sessions import MarketClock, TradingCalendar
from simulation.ports.ledger import InMemoryLedger
from tests.unit.builders import NOW, a_profile, a_signal
from trials.effects import Call
from trials.faults import Fault, FaultDraws
from trials.referee.evidence import Books, Evidence
from trials.referee.referee import LINGERS, Referee
from trials.unreliable_queue import UnreliableQueue
from trials.virtual_time import VirtualClock, VirtualLoop
from trials.workers import Worker

LEASE = timedelta(seconds=45)


class Court:
    def __init__(self):
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop, NOW)
        market = MarketClock(TradingCalendar(), NOW, now=self.clock.now, always_open=True)
        settings = AccountSettings(key_id="argo", secret_key="argo")
        self.broker = SimulatedBroker([settings], starts_at=NOW, clock=market, symbols=["AAPL", "MSFT"])
        for symbol in ("AAPL", "MSFT"):
            self.broker.set_price(symbol, Decimal(100))
        self.account = self.broker.accounts["argo"]
        draws = FaultDraws(0, without=set(Fault))
        self.queue = UnreliableQueue(
            self.clock, visibility=LEASE, max_receives=3, draws=draws, chance=draws.chance("queue")
        )
        self.ledger = InMemoryLedger(mode="simulated")
        self.books = Books(self.account, self.queue, a_profile(position_limit=1), set())
        self.evidence = Evidence(self.ledger, {"argo": self.books}, clock=self.clock, second=self.loop.time)
        self.referee = Referee(self.evidence)

    @property
    def broken(self):
        return {violation.rule for violation in self.evidence.violations}

    def do(self, work):
        return self.loop.run(work)

    def wait(self, seconds):
        self.do(asyncio.sleep(seconds))

    def look_twice(self):
        """Look, and again once nothing may linger any more."""
        self.referee.look()
        self.wait(LINGERS.total_seconds() + 1)
        self.referee.look()

    def publish(self, signal=None, *, sent=True):
        signal = signal or a_signal()
        self.do(self.ledger.put_signal(signal, executors=["argo"]))
        if sent:
            self.do(self.queue.send([signal]))
            self.do(self.ledger.mark_published(signal.signal_id, ["argo"]))
        return signal

    def acknowledge_all(self):
        self.do(self.queue.delete(list(self.queue._messages)))

    def claim(self, signal=None):
        signal = self.publish(signal)
        self.acknowledge_all()
        return self.do(self.ledger.claim(signal, "argo", now=self.clock.now(), lease=LEASE)).execution

    def intend(self, execution):
        body = {
            "symbol": str(execution.symbol),
            "side": str(execution.side),
            "qty": "10",
            "type": "market",
            "time_in_force": "day",
            "client_order_id": execution.client_order_id,
        }
        intent = Intent(execution.client_order_id, body, Decimal(1000), Decimal(50))
        read = self.do(self.ledger.account("argo"))
        return self.do(self.ledger.intend(execution, intent, account=read, now=self.clock.now()))

    def send(self, body):
        return self.broker.submit(self.account, order_request(body))

    def settle(self, execution, state, **learnt):
        return self.do(self.ledger.settle(execution, state, Settlement(**learnt), now=self.clock.now()))

    def hold(self, signal=None):
        """Bring a signal to a filled order; the position has no stop yet."""
        execution = self.intend(self.claim(signal))
        order = self.send(execution.order_body)
        submitted = self.settle(execution, ExecutionState.SUBMITTED, order_id=order.id)
        fills = (self.fill(order, "entry"),)
        return self.settle(submitted, ExecutionState.FILLED, fills=fills, release=Release.RESERVATION)

    def fill(self, order, leg):
        return Fill(order_id=order.id, leg=leg, quantity=Decimal(10), price=Decimal(100), at=self.clock.now())

    def sell_by_hand(self, quantity):
        """Let a person sell of a position; no record has it."""
        body = {"symbol": "AAPL", "side": "sell", "qty": quantity, "type": "market", "time_in_force": "day"}
        self.books.by_hand.add(self.send(body).id)

    def guard(self, execution, quantity="10"):
        """Place the stop of a position; its client order id is on the record."""
        body = {
            "symbol": str(execution.symbol),
            "side": str(execution.side.opposite),
            "qty": quantity,
            "type": "stop",
            "stop_price": "90",
            "time_in_force": "gtc",
            "client_order_id": f"argo-argo-{execution.signal_id}-guard",
        }
        protection = Protection(cover="complete", order_body=body)
        recorded = self.do(self.ledger.record_protection(execution, protection, now=self.clock.now()))
        return recorded, self.send(body)

    def see(self, kind, name, *args, began=None, ends_at=float("inf"), **kwargs):
        """Let the referee see an effect, which nobody does."""
        worker = Worker("execute#1", self.clock, ends_at=ends_at)
        began = self.loop.time() if began is None else began
        self.referee.see(Call(worker, kind, name, args, kwargs, began))

    def refuse(self, body):
        """Let the referee see the broker refuse an order."""
        worker = Worker("execute#1", self.clock)
        self.referee.numbers.see_refusal(Call(worker, "broker", "submit", (body,), {}, self.loop.time()))

    def fail_in_aws(self, signal, *, hidden, claimed=False):
        """Let AWS fail a claim, whose message is hidden then, and let the referee judge that."""
        self.publish(signal)
        (message,) = self.do(self.queue.receive())
        worker, now = Worker("execute#1", self.clock), self.clock.now()

        async def claim():
            lease = {"now": now, "lease": LEASE}
            task = asyncio.current_task()
            self.referee.delays.see_fault(Call(worker, "ledger", "claim", (signal, "argo"), lease, 0.0, task))
            if claimed:
                await self.ledger.claim(signal, "argo", **lease)
            await self.queue.defer(message.receipt_handle, hidden)

        self.do(claim())
        self.referee.delays.judge("argo", worker, 0.0, [(message.message_id, message.body)])
