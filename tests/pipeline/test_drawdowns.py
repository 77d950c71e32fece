"""Drawdowns on the whole pipeline: from the peak or from the start, until a person has them measured anew."""

import asyncio
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import BreachEnds, DrawdownBasis
from argo.halts import set_trading_state
from tests.pipeline.losses import DEEP, NEXT_MORNING, lost, move
from tests.pipeline.pipeline import MINUTE
from tests.pipeline.trades import fresh


@pytest.mark.parametrize(
    ("basis", "prices", "states"),
    [
        (DrawdownBasis.TRAILING, ("109", "105.1", "103.5"), ("ACTIVE", "ACTIVE", "HALTED")),
        (DrawdownBasis.STATIC, ("109", "103.5", "96.0", "95.1"), ("ACTIVE", "ACTIVE", "ACTIVE", "HALTED")),
    ],
    ids=str,
)
def test_a_drawdown_is_measured_from_the_peak_or_from_the_start(invested, basis, prices, states):
    invested.configured("argo", drawdown_limit_percent=2, drawdown_basis=basis)

    seen = [move(invested, Decimal(price)).trading_state for price in prices]

    assert seen == [TradingState(state) for state in states]
    account = invested.account()
    gain = -lost(invested, Decimal(109))
    assert (account.starting_equity, account.peak_equity) == (1_000_000, 1_000_000 + gain)
    assert account.state_reason.startswith("drawdown")
    assert account.resumes_on is None


def test_a_drawdowns_peak_outlives_the_day(invested):
    invested.configured("argo", drawdown_limit_percent=2, daily_loss_ends=BreachEnds.NEXT_TRADING_DAY)
    move(invested, Decimal(109))
    invested.set_time(NEXT_MORNING)

    fallen = move(invested, Decimal("103.5"))

    assert fallen.trading_state is TradingState.HALTED
    assert fallen.resumes_on is None


def resume(pipeline, *, measure_anew):
    """Do what `argo resume` does, and look at the account a minute later."""
    active, clock = TradingState.ACTIVE, pipeline.clock
    changed = set_trading_state(pipeline.ledger, clock, "argo", active, reason="agreed", measure_anew=measure_anew)
    asyncio.run(changed)
    pipeline.pass_time(MINUTE)
    pipeline.reconcile()
    return pipeline.account()


def test_after_a_drawdown_a_person_resumes_and_measures_anew_on_another_day(invested):
    invested.configured("argo", drawdown_limit_percent=1)
    move(invested, DEEP)
    invested.set_time(NEXT_MORNING)
    invested.reconcile()

    still, anew = resume(invested, measure_anew=False), resume(invested, measure_anew=True)

    assert still.trading_state is TradingState.HALTED
    assert anew.trading_state is TradingState.ACTIVE
    assert anew.peak_equity == 1_000_000 - lost(invested, DEEP)
    assert invested.execute(fresh(invested, "SPY")).state is ExecutionState.SUBMITTED


def test_after_a_drawdown_a_person_resumes_and_measures_anew_on_the_same_day(invested):
    invested.configured("argo", drawdown_limit_percent=1)
    move(invested, DEEP)

    anew = resume(invested, measure_anew=True)

    assert anew.trading_state is TradingState.ACTIVE
    assert anew.peak_equity == 1_000_000 - lost(invested, DEEP)
