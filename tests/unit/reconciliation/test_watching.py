"""What a run does with the account: its worth is told, a halt is lifted on its day, a person's stands."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest

from argo.domain.account import TradingState
from argo.domain.limits import EquityMarks
from argo.domain.metrics import Metric
from argo.observability import Telemetry
from argo.ports.interposed import InterposedLedger
from reconciliation.snapshot import take
from reconciliation.watching import watch
from simulation.ports.ledger import InMemoryLedger
from tests.emf import measured
from tests.unit.builders import NOW
from tests.unit.reconciliation.in_memory import AN_HOUR, Exchange, a_wiring

TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)


class Watched:
    """An account that a breach has halted, and a person who may step in once a run has read it."""

    def __init__(self, resumes_on=TODAY, *, meanwhile=None):
        self.ledger, self.exchange, self.log = InMemoryLedger(mode="simulated"), Exchange(), StringIO()
        self.meanwhile = meanwhile
        self.set(TradingState.HALTED, "daily loss", now=NOW - 20 * AN_HOUR, resumes_on=resumes_on)

    def set(self, state, reason, *, now, **more):
        asyncio.run(self.ledger.set_trading_state("argo", state, reason=reason, now=now, **more))

    async def through(self, name, method, /, *args, **kwargs):
        answer = await method(*args, **kwargs)
        if name == "account" and self.meanwhile is not None:
            state, self.meanwhile = self.meanwhile, None
            await self.ledger.set_trading_state("argo", state, reason="a person", now=NOW)
        return answer

    def watch(self):
        """Look once; returns the account as it is afterwards."""
        self.telemetry = Telemetry("watch", mode="simulated", executor="argo", stream=self.log)
        wiring = a_wiring(InterposedLedger(self.ledger, self.through), self.exchange, telemetry=self.telemetry)

        async def run():
            await watch(wiring, await take(self.exchange, now=NOW))
            return await self.ledger.account("argo")

        return asyncio.run(run())

    @property
    def events(self):
        return [json.loads(line)["message"] for line in self.log.getvalue().splitlines()]


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_a25_what_a_person_sets_while_a_run_lifts_a_halt_stands(state):
    account = Watched(meanwhile=state)

    found = account.watch()

    assert (found.trading_state, found.state_reason) == (state, "a person")
    assert account.events == []


def test_a25_a_halt_is_lifted_on_its_day_and_not_before():
    today, tomorrow = Watched(TODAY), Watched(TOMORROW)

    lifted, kept = today.watch(), tomorrow.watch()

    assert (lifted.trading_state, lifted.state_reason) == ("ACTIVE", "a new trading day after: daily loss")
    assert (kept.trading_state, kept.state_reason) == ("HALTED", "daily loss")
    assert (today.events, tomorrow.events) == (["account_resumed"], [])


@pytest.mark.parametrize(("day_start", "profit"), [(98_500, 1_500), (100_200, -200)])
def test_the_equity_and_the_days_profit_are_told_in_dollars(capsys, day_start, profit):
    account = Watched()
    marks = EquityMarks(TODAY, Decimal(99_000), Decimal(day_start), Decimal(90_000), Decimal(101_000))
    asyncio.run(account.ledger.observe(asyncio.run(account.ledger.account("argo")), marks, now=NOW))

    account.watch()

    written = measured(account.telemetry, capsys)
    assert written == {Metric.EQUITY: [100_000], Metric.DAILY_PROFIT: [profit]}
