"""Every reason for which the gate or the sizing says no: produced by a message, explained by `argo why`."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import CooldownRules, DrawdownGuardRules, Protections, StopLossGuardRules
from argo.domain.reasons import DenialReason
from argo.domain.signal import Regime, Side, Signal
from simulation.broker.assets import Asset
from tests.pipeline.pipeline import MINUTE, OPENS, PRICE, Pipeline, against
from tests.unit.builders import BAR_TIME, a_signal

BELOW_THE_MARKET = {"entry_price": PRICE - 2, "stop_price": Decimal(93)}
"""An entry that rests."""

_scenarios = []


@dataclass(frozen=True)
class Expected:
    """The signal that must be denied, and numbers that its denial must have compared."""

    signal: Signal
    numbers: dict[str, str]


def produces(reason: DenialReason, how: str = ""):
    """Register a scenario: it brings a pipeline to where its signal will be denied for a reason."""

    def register(scenario):
        name = f"{reason}, {how}" if how else str(reason)
        _scenarios.append(pytest.param(reason, scenario, id=name))
        return scenario

    return register


@produces(DenialReason.HALTED)
def _(pipeline: Pipeline):
    pipeline.set_trading_state(TradingState.HALTED, reason="an operator looks at it")
    return Expected(a_signal(), {"because": "an operator looks at it", "since": OPENS.isoformat()})


@produces(DenialReason.REDUCING_ONLY)
def _(pipeline):
    pipeline.set_trading_state(TradingState.REDUCING, reason="the year ends")
    return Expected(a_signal(), {"because": "the year ends"})


@produces(DenialReason.ACCOUNT_BLOCKED)
def _(pipeline):
    pipeline.at_broker().trading_blocked = True
    return Expected(a_signal(), {"status": "ACTIVE", "trading_blocked": "True", "account_blocked": "False"})


@produces(DenialReason.ACCOUNT_BLOCKED, "not active")
def _(pipeline):
    pipeline.at_broker().status = "ACCOUNT_UPDATED"
    return Expected(a_signal(), {"status": "ACCOUNT_UPDATED", "trading_blocked": "False"})


@produces(DenialReason.MARKET_CLOSED)
def _(pipeline):
    pipeline.set_time(OPENS, is_open=False)
    return Expected(a_signal(), {"next_open": "2026-03-03T14:30:00+00:00"})


@produces(DenialReason.CONFIDENCE_BELOW_MINIMUM)
def _(_pipeline):
    return Expected(a_signal(confidence=Decimal("74.9")), {"confidence": "74.9", "minimum_confidence": "75"})


@produces(DenialReason.SYMBOL_NOT_ALLOWED)
def _(pipeline):
    pipeline.configured("argo", symbols={"MSFT", "IBM"})
    return Expected(a_signal(), {"symbol": "AAPL", "allowed": "IBM, MSFT"})


@produces(DenialReason.REGIME_EXCLUDED)
def _(pipeline):
    pipeline.configured("argo", excluded_regimes={Regime.CRISIS})
    return Expected(a_signal(regime=Regime.CRISIS), {"regime": "crisis", "excluded": "crisis"})


@produces(DenialReason.CRYPTO_SHORT)
def _(_pipeline):
    return Expected(a_signal(symbol="BTC/USD", side=Side.SELL), {"symbol": "BTC/USD"})


@produces(DenialReason.NOT_SHORTABLE)
def _(pipeline):
    pipeline.server.broker.assets.override(Asset("AAPL", shortable=False))
    numbers = {"profile_shorts": "True", "shorting_enabled": "True", "shortable": "False"}
    return Expected(a_signal(side=Side.SELL), numbers)


@produces(DenialReason.NOT_SHORTABLE, "by the profile")
def _(pipeline):
    pipeline.configured("argo", shorts=False)
    return Expected(a_signal(side=Side.SELL), {"profile_shorts": "False", "shortable": "True"})


@produces(DenialReason.ALREADY_POSITIONED)
def _(pipeline):
    first = a_signal()
    pipeline.hold(first)
    return Expected(a_signal(bar_time=first.bar_time - MINUTE), {"symbol": "AAPL", "held_by": first.signal_id})


@produces(DenialReason.ALREADY_POSITIONED, "by a person")
def _(pipeline):
    pipeline.trade_by_hand("AAPL", "buy", 3)
    return Expected(a_signal(), {"symbol": "AAPL", "held_by": "no order of Argo's"})


@produces(DenialReason.POSITION_LIMIT)
def _(pipeline):
    pipeline.configured("argo", position_limit=2)
    pipeline.hold(a_signal(symbol="AAPL"))
    pipeline.hold(a_signal(symbol="IBM", **BELOW_THE_MARKET))
    return Expected(a_signal(symbol="SPY"), {"positions": "2", "position_limit": "2"})


@produces(DenialReason.CORRELATION_LIMIT)
def _(pipeline):
    pipeline.configured("argo", correlated_positions=2)
    for symbol in ("AAPL", "SPY", "MSFT"):
        pipeline.hold(a_signal(symbol=symbol))
    numbers = {"group": "technology", "held": "AAPL, MSFT", "correlated_positions": "2"}
    return Expected(a_signal(symbol="IBM"), numbers)


@produces(DenialReason.DAILY_LOSS_LIMIT)
def _(pipeline):
    pipeline.configured("argo", daily_loss_limit_percent=1)
    lost = _lose(pipeline)
    assert lost >= 10_000
    return Expected(a_signal(symbol="SPY"), {"loss": f"{lost:.2f}", "limit": "10000.00"})


@produces(DenialReason.DRAWDOWN_LIMIT)
def _(pipeline):
    pipeline.configured("argo", drawdown_limit_percent=1)
    lost = _lose(pipeline)
    equity = 1_000_000 - lost
    return Expected(
        a_signal(symbol="SPY"), {"loss": f"{lost:.2f}", "limit": "10000.00", "equity": f"{equity:.2f}"}
    )


@produces(DenialReason.DRAWDOWN_LIMIT, "by the guard")
def _(pipeline):
    guard = DrawdownGuardRules(drawdown_percent=1, within_minutes=60, lock_minutes=30)
    pipeline.configured("argo", protections=Protections(drawdown_guard=guard))
    signal = a_signal()
    pipeline.hold(signal)
    pipeline.set_price("AAPL", Decimal(94))
    pipeline.reconcile()
    lost = -pipeline.execution(signal).realised_profit
    until = OPENS + timedelta(minutes=30)
    return Expected(a_signal(symbol="SPY"), {"fall": f"{lost:.2f}", "until": until.isoformat()})


@produces(DenialReason.EXPOSURE_LIMIT)
def _(pipeline):
    pipeline.configured("argo", exposure_limit_percent=30)
    pipeline.hold(a_signal())
    worth = pipeline.held("AAPL") * PRICE
    # What the entry reserved at its limit is more than what it cost at the market.
    reserved = pipeline.held("AAPL") * Decimal("100.25")
    assert reserved > worth
    return Expected(a_signal(symbol="IBM"), {"exposure": f"{reserved:.2f}", "limit": "300000.00"})


@produces(DenialReason.COOLDOWN)
def _(pipeline):
    pipeline.configured("argo", protections=Protections(cooldown=CooldownRules(minutes=15)))
    _leave_at(pipeline, Decimal(111))
    until = OPENS + timedelta(minutes=15)
    return Expected(
        a_signal(bar_time=BAR_TIME - MINUTE), {"until": until.isoformat(), "last_exit": OPENS.isoformat()}
    )


@produces(DenialReason.STOP_LOSS_GUARD)
def _(pipeline):
    guard = StopLossGuardRules(stops=1, within_minutes=60, lock_minutes=30)
    pipeline.configured("argo", protections=Protections(stop_loss_guard=guard))
    _leave_at(pipeline, Decimal(94))
    until = OPENS + timedelta(minutes=30)
    return Expected(a_signal(symbol="IBM"), {"stop_losses": "1", "until": until.isoformat()})


@produces(DenialReason.PRICE_DRIFTED)
def _(pipeline):
    pipeline.configured("argo", price_drift_percent=2)
    pipeline.set_price("AAPL", Decimal("102.5"))
    numbers = {"entry_price": "100", "last_price": "102.5", "drift_percent": "2.5000", "price_drift_percent": "2"}
    return Expected(a_signal(), numbers)


@produces(DenialReason.PRICE_DRIFTED, "no price at all")
def _(pipeline):
    pipeline.configured("argo", price_drift_percent=2)
    return Expected(a_signal(symbol="XOM"), {"last_price": "none"})


@produces(DenialReason.ORDER_RATE_LIMIT)
def _(pipeline):
    pipeline.configured("argo", orders_per_minute=2)
    for symbol in ("AAPL", "IBM"):
        pipeline.hold(a_signal(symbol=symbol))
    return Expected(a_signal(symbol="SPY"), {"orders_this_minute": "2", "orders_per_minute": "2"})


@produces(DenialReason.INSUFFICIENT_BUYING_POWER)
def _(pipeline):
    everything = {"base_size_percent": 100, "size_cap_percent": 100, "risk_per_trade_percent": 100}
    pipeline.configured("argo", **everything)
    pipeline.hold(a_signal(**BELOW_THE_MARKET))
    return Expected(a_signal(symbol="IBM"), {"usable": "0.00", "unit_cost": "100.25"})


@produces(DenialReason.SIZE_BELOW_MINIMUM)
def _(pipeline):
    dear = {"entry_price": Decimal(500_000), "stop_price": Decimal(450_000), "target_price": Decimal(600_000)}
    pipeline.set_price("AAPL", Decimal(500_000))
    return Expected(a_signal(**dear), {"size_percent": "11.0000", "unit_cost": "501250.00"})


@produces(DenialReason.NOTHING_HELD)
def _(pipeline):
    resting = a_signal(**BELOW_THE_MARKET)
    pipeline.hold(resting)
    return Expected(against(resting), {"held_by": resting.signal_id})


@produces(DenialReason.INVALID_PRICES)
def _(_pipeline):
    near = Decimal("100.10")
    return Expected(a_signal(target_price=near), {"prices": "buy: limit 100.25, stop 95.00, target 100.10"})


@pytest.mark.parametrize(("reason", "scenario"), _scenarios)
def test_a_denial_is_recorded_with_its_numbers_and_explained_by_argo_why(pipeline, reason, scenario):
    expected = scenario(pipeline)
    orders = len(pipeline.broker_orders())

    execution = pipeline.execute(expected.signal)

    assert (execution.state, execution.reason) == (ExecutionState.DENIED, reason)
    assert execution.order_id is None
    assert len(pipeline.broker_orders()) == orders
    assert expected.numbers.items() <= execution.detail.items()
    explained = pipeline.why(expected.signal)
    assert f"{reason}: {reason.meaning}" in explained
    for name, value in execution.detail.items():
        assert f"{name} {value}" in explained


def test_every_reason_has_a_scenario():
    shown = {scenario.values[0] for scenario in _scenarios}

    assert shown == set(DenialReason)


def _lose(pipeline) -> Decimal:
    """Let two positions lose what no stop has realised yet, and return the loss."""
    for symbol in ("AAPL", "IBM"):
        pipeline.hold(a_signal(symbol=symbol))
        pipeline.set_price(symbol, Decimal("95.5"))
    return sum((PRICE - Decimal("95.5")) * pipeline.held(symbol) for symbol in ("AAPL", "IBM"))


def _leave_at(pipeline, price: Decimal) -> None:
    """Let a position be closed by one of its legs."""
    pipeline.hold(a_signal())
    pipeline.set_price("AAPL", price)
    pipeline.reconcile()
    assert pipeline.held("AAPL") == 0
    pipeline.set_price("AAPL", PRICE)
