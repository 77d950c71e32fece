"""A market day: minutes that pass, each with a reconciler run, and both books compared at its end."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from console.operator_commands import _plan
from simulation.broker import Behaviour, order_request
from tests.pipeline.pipeline import MINUTE, Pipeline
from tests.unit.builders import a_signal

LONGEST_UNPROTECTED_RUNS = 2
LONGEST_UNPROTECTED_SECONDS = LONGEST_UNPROTECTED_RUNS * 60
CRYPTO_FEE = Decimal("0.0025")
LAST_PLACE = Decimal("0.000000001")


@dataclass
class Day:
    """One account's day; `minute` also checks, in the broker's own books, what stays without a stop."""

    pipeline: Pipeline
    executor: str = "argo"
    signals: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    unprotected_runs: Counter = field(default_factory=Counter)
    by_hand: Counter = field(default_factory=Counter)
    orders_by_hand: set = field(default_factory=set)

    def enter(self, **overrides):
        """Execute a signal, without a look of the reconciler."""
        now = self.pipeline.clock.now()
        times = {"bar_time": now - MINUTE, "created_at": now, "expires_at": now + 5 * MINUTE}
        signal = a_signal(**times | overrides)
        self.signals.append(signal)
        self.pipeline.execute(signal, self.executor)
        return signal

    def hold(self, **overrides):
        """Execute a signal and let the reconciler see it filled."""
        signal = self.enter(**overrides)
        self.run()
        return signal

    def price(self, price, symbol="AAPL"):
        self.pipeline.set_price(symbol, Decimal(str(price)))

    def run(self):
        report = self.pipeline.reconcile(self.executor)
        self.reports.append(report)
        naked = self.unprotected() - self.entering()
        self.unprotected_runs = Counter({symbol: self.unprotected_runs[symbol] + 1 for symbol in naked})
        return report

    def minute(self, times=1, **clock):
        """Let minutes pass, a run at the end of each; returns the last run's report."""
        for _ in range(times):
            self.pipeline.set_time(self.pipeline.clock.now() + MINUTE, **clock)
            report = self.run()
            self.check_protected()
        return report

    def unprotected(self):
        """Return the symbols held at the broker for which its live stops would not close all of Argo's part."""
        account, found = self.books, set()
        for symbol, position in account.positions.items():
            held = abs(position.quantity) - abs(self.by_hand[symbol])
            stops = [o for o in account.open_orders if o.symbol == symbol and o.stop_price and o.is_working]
            if sum(order.remaining(order.stop_price) for order in stops) < held:
                found.add(symbol)
        return found

    def entering(self):
        """Return the symbols whose entry may still fill: the broker lets no exit work before its end."""
        return {order.symbol for order in self.books.open_orders if order.client_order_id.endswith("-entry")}

    def check_protected(self):
        assert all(runs <= LONGEST_UNPROTECTED_RUNS for runs in self.unprotected_runs.values()), (
            self.unprotected_runs
        )
        longest = max((seconds for report in self.reports for seconds in report.unprotected_seconds), default=0)
        assert longest <= LONGEST_UNPROTECTED_SECONDS

    @property
    def books(self):
        return self.pipeline.at_broker(self.executor)

    def behave(self, **behaviour):
        def set_behaviour():
            self.books.behaviour = Behaviour(**behaviour)

        self.pipeline.background.call(set_behaviour)

    def hold_back(self, signal, quantity, leg="entry"):
        client_id = f"argo-{self.executor}-{signal.signal_id}-{leg}"
        self.pipeline.background.call(
            partial(self.pipeline.server.broker.fill_limits.update, {client_id: Decimal(quantity)})
        )

    def cancel_by_hand(self, order):
        self.pipeline.background.call(partial(self.pipeline.server.broker.cancel, self.books, order.id))

    def order_by_hand(self, *, cancels_exits=False, **terms):
        """Send an order as a person does who knows nothing of Argo."""
        body = {"symbol": "AAPL", "side": "sell", "type": "market", "time_in_force": "day"} | terms
        body = {name: str(value) if isinstance(value, (int, Decimal)) else value for name, value in body.items()}
        by_hand = partial(
            self.pipeline.server.broker.trade_by_hand, self.books, order_request(body), cancels_exits=cancels_exits
        )
        order = self.pipeline.background.call(by_hand)
        self.orders_by_hand.add(order.id)
        return order

    def flatten(self, symbol=None, why="operator: the day is over"):
        """Do what `argo flatten` does."""
        return asyncio.run(_plan(self.pipeline.ledger, self.executor, symbol, why))

    def orders(self, signal, leg):
        """Return the parent orders of one leg of an execution, oldest first."""
        prefix = f"argo-{self.executor}-{signal.signal_id}-{leg}"
        return [o for o in self.pipeline.broker_orders(self.executor) if o.client_order_id.startswith(prefix)]

    def order(self, signal, leg="entry"):
        (found,) = self.orders(signal, leg)
        return found

    def execution(self, signal):
        return self.pipeline.execution(signal, self.executor)

    def held(self, symbol="AAPL"):
        return self.pipeline.held(symbol, self.executor)

    @property
    def ours(self):
        return [self.execution(signal) for signal in self.signals]

    def check_books(self, *, fees=Decimal(0), gone_by_hand=frozenset()):
        """Check that the ledger says what the broker's own books say; ``fees`` are what the profit leaves out.

        ``gone_by_hand`` are orders of a person that closed a position of Argo's: their fills are in the ledger.
        """
        executions, account = self.ours, self.pipeline.account(self.executor)
        _check_fills(executions, self.books, self.orders_by_hand - set(gone_by_hand))
        _check_positions(executions, self.books, self.by_hand)
        _check_money(executions, self.books, fees, self.orders_by_hand - set(gone_by_hand))
        opened = [execution for execution in executions if not execution.state.is_terminal]
        assert {s: held.signal_id for s, held in account.holdings.items()} == {
            execution.symbol: execution.signal_id for execution in opened
        }
        assert account.reserved_notional == sum((e.reserved_notional for e in opened), Decimal(0))
        assert account.reserved_risk == sum((e.reserved_risk for e in opened), Decimal(0))
        total = self.reports[-1].conserved.total
        assert (total.gap, total.unresolved) == (0, 0)
        self.check_protected()

    def check_over(self, **expected):
        """Check that nothing is open any more, and the books."""
        assert all(execution.state.is_terminal for execution in self.ours), [e.state for e in self.ours]
        assert not [o for o in self.books.open_orders if o.id not in self.orders_by_hand]
        self.check_books(**expected)


def _check_fills(executions, books, not_ours):
    told = {fill.order_id: (fill.quantity, fill.price) for e in executions for fill in e.fills}
    done = {
        order.id: (order.filled_quantity, order.average_price)
        for order in books.orders.values()
        if order.filled_quantity and order.id not in not_ours
    }
    assert told == done


def _check_positions(executions, books, by_hand):
    told = Counter()
    for execution in executions:
        if not execution.state.is_terminal:
            for fill in execution.fills:
                opens = fill.leg in {"entry", "correction"}
                told[execution.symbol] += fill.quantity * (1 if opens else -1) * _sign(execution)
    done = {symbol: held.quantity - by_hand[symbol] for symbol, held in books.positions.items()}
    done = {symbol: quantity for symbol, quantity in done.items() if quantity}
    assert set(told) == set(done)
    for symbol, quantity in done.items():
        fee = CRYPTO_FEE if "/" in symbol else Decimal(0)
        assert abs(told[symbol] - quantity) <= told[symbol] * fee + LAST_PLACE


def _check_money(executions, books, fees, not_ours):
    """Compare with the fills' cash: profit of what is closed, less what the open positions have cost."""
    told = sum((e.realised_profit for e in executions if e.realised_profit is not None), Decimal(0))
    for execution in executions:
        if execution.realised_profit is None:
            for fill in execution.fills:
                opens = fill.leg in {"entry", "correction"}
                told -= fill.quantity * fill.price * (1 if opens else -1) * _sign(execution)
    booked = (fill.cash_change for fill in books.fills if fill.order_id not in not_ours)
    assert told - fees == sum(booked, Decimal(0))


def _sign(execution):
    return 1 if execution.side == "buy" else -1


def close_time(pipeline):
    return pipeline.server.broker.clock.calendar.next_close(pipeline.clock.now())
