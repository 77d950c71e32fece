"""Reconcilers on an AWS whose answers can be unkind, each with what a run finds at its account."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from argo.domain.account import TradingState
from argo.domain.profile import ExitRules
from reconciliation.run import reconcile
from reconciliation.wiring import from_environment
from tests.faults.aws_deliveries import Entry
from tests.faults.aws_places import Place
from tests.pipeline.pipeline import MINUTE


class Run(Place):
    """A reconciler that runs until everything it has found is on the record."""

    own_table = True

    def begin(self):
        """Let the account be one whose signals all have an end: a run reads no days before."""
        asyncio.run(self.ledger.account_until(self.executor, self.pipeline.clock.now()))

    def arrange(self):
        self.begin()
        self.work_of(Entry)

    def work(self):
        self.run_once()
        if self.aws.struck:
            self.pipeline.pass_time(MINUTE)
            self.run_once()

    def run_once(self):
        asyncio.run(reconcile(self.wired(from_environment)))


class FirstRun(Run):
    """The first run of an account: it finds that no signal of the days before lacks an end, and keeps that."""

    def arrange(self):
        """There is nothing."""

    def outcome(self):
        return asyncio.run(self.ledger.accounted_until(self.executor)) is not None


class Filled(Run):
    """An entry has filled."""

    def outcome(self):
        execution = self.execution
        assert self.account.equity > 0
        return execution.state, tuple(each.quantity for each in execution.fills)


class Stopped(Run):
    """A position's stop has filled: its symbol is free again."""

    def arrange(self):
        super().arrange()
        self.run_once()
        self.set_price(self.signal.stop_price - 1)

    def outcome(self):
        assert self.account.holdings == {}
        return self.execution.state, self.execution.realised_profit


class Guarded(Run):
    """A fraction of a share is held, which no bracket guards: a stop by itself is placed."""

    changes: Mapping[str, object] = {"fractional": True}

    def arrange(self):
        self.set_price(Decimal(30_000))
        prices = {"entry_price": Decimal(30_000), "stop_price": Decimal(28_500), "target_price": Decimal(33_000)}
        self.signal = self.a_signal(**prices)
        super().arrange()

    def outcome(self):
        guards = [each for each in self.orders if "-guard" in each.client_order_id]
        assert len(guards) == 1
        protection = self.execution.protection
        assert protection.order_id == guards[0].id
        return self.execution.state, protection.cover


class Overdue(Run):
    """A position is held for longer than the profile allows: it is sold."""

    changes: Mapping[str, object] = {"exits": ExitRules(bars=1)}

    def arrange(self):
        super().arrange()
        self.run_once()
        self.pipeline.pass_time(MINUTE)

    def outcome(self):
        # What it was sold for is a run's that follows the exit.
        self.pipeline.pass_time(MINUTE)
        self.run_once()
        exits = [each for each in self.orders if "-exit" in each.client_order_id]
        assert len(exits) == 1
        assert self.pipeline.held(self.symbol) == 0
        return self.execution.state, self.execution.realised_profit


class NewDay(Run):
    """The trading day is over that an account was halted for."""

    def arrange(self):
        self.begin()
        now = self.pipeline.clock.now()
        halted = {"reason": "a limit", "now": now, "resumes_on": now.date()}
        asyncio.run(self.ledger.set_trading_state(self.executor, TradingState.HALTED, **halted))

    def outcome(self):
        return self.account.trading_state


class Shared(Run):
    """Another account has a key of the same broker's account: this one is halted, once."""

    def arrange(self):
        self.begin()
        number = f"PA{self.pipeline.at_broker().id[:8].upper()}"
        asyncio.run(self.ledger.hold_broker_account("another", number))

    def outcome(self):
        found = self.account
        now = self.pipeline.clock.now()
        resumed = {"reason": "a person has decided", "now": now}
        asyncio.run(self.ledger.set_trading_state(self.executor, TradingState.ACTIVE, **resumed))
        self.run_once()
        _, _, why = found.state_reason.partition(" is ")  # Before it, the number of this place's own account.
        return found.trading_state, why, self.account.trading_state
