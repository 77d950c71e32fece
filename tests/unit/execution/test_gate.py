from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import TradingState
from argo.domain.profile import Protections
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from execution import checks, ledger_checks
from execution.checks import within_exposure
from execution.gate import (
    ACCOUNT_CHECKS,
    EXIT_CHECKS,
    LEDGER_CHECKS,
    SIGNAL_CHECKS,
    first_denial,
)
from execution.planning import Plan
from tests.unit.builders import (
    NOW,
    a_broker_account,
    a_holding,
    a_market_clock,
    a_profile,
    a_signal,
    a_trade_exit,
    an_account_view,
    an_entry_plan,
)
from tests.unit.execution.denials import BLOCKED, CLOSED, NO_SHORTS, accounts, ledgers
from tests.unit.reaching import given_reaching
from tests.unit.strategies import account_views, few_symbols, full_profiles, signals

LENIENT = {
    "minimum_confidence": Decimal(0),
    "excluded_regimes": frozenset(),
    "shorts": True,
    "correlated_positions": None,
    "price_drift_percent": None,
    "daily_loss_limit_percent": None,
    "drawdown_limit_percent": None,
    "protections": Protections(),
}
"""A profile's rules that keep nothing out."""


def a_plan(notional) -> Plan:
    return Plan(an_entry_plan(), Decimal(notional), {})


def test_an_ordinary_signal_passes():
    signal, profile, account = a_signal(), a_profile(), an_account_view()

    denials = (
        first_denial(SIGNAL_CHECKS, signal, profile),
        first_denial(LEDGER_CHECKS, signal, profile, account.state, NOW),
        first_denial(ACCOUNT_CHECKS, signal, profile, account),
        within_exposure(a_plan(1_000_000), profile, account),
    )

    assert denials == (None,) * 4


@pytest.mark.parametrize(("notional", "denied"), [("29000", False), ("29000.01", True)])
def test_an_order_past_the_total_exposure_is_denied_with_the_sum(notional, denied):
    account = an_account_view(state={"holdings": {"MSFT": a_holding(notional=Decimal(21_000))}})

    denial = within_exposure(a_plan(notional), a_profile(exposure_limit_percent=50), account)

    told = {"exposure": "21000.00", "notional": notional if denied else "", "limit": "50000.00"}
    assert denial == (Denial(DenialReason.EXPOSURE_LIMIT, told) if denied else None)


def test_the_lists_go_from_cheap_to_dear():
    names = [[check.__name__ for check in checks] for checks in (SIGNAL_CHECKS, LEDGER_CHECKS, ACCOUNT_CHECKS)]

    assert names == [
        ["confident_enough", "symbol_allowed", "regime_allowed", "crypto_long_only"],
        ["trading_active", "symbol_free", "cooldown", "stop_loss_guard", "drawdown_guard", "within_order_rate"],
        [
            "account_open",
            "market_open",
            "short_allowed",
            "not_positioned",
            "within_position_limit",
            "within_correlation_limit",
            "within_loss_limits",
            "price_still_there",
        ],
    ]


def test_a18_no_check_is_left_out_of_its_list():
    listed = {check.__name__ for each in (SIGNAL_CHECKS, LEDGER_CHECKS, ACCOUNT_CHECKS) for check in each}
    defined = {
        name
        for module in (checks, ledger_checks)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
        and "Denial | None" in str(getattr(value, "__annotations__", {}).get("return", ""))
        and not name.startswith(("_", "before", "with_", "for_"))
    }

    assert defined - listed == {"within_exposure"}


def test_the_first_denial_of_the_signals_list_wins():
    signal = a_signal(confidence=Decimal(10), symbol=Symbol("BTC/USD"), regime=Regime.CRISIS)

    denial = first_denial(SIGNAL_CHECKS, signal, a_profile(excluded_regimes={"crisis"}))

    assert denial is not None
    assert denial.reason is DenialReason.CONFIDENCE_BELOW_MINIMUM


def test_the_first_denial_of_the_ledgers_list_wins():
    busy = {"rate_minute": NOW.replace(second=0), "rate_orders": 5}
    locked = {"exits": (a_trade_exit(),)}
    taken = {"holdings": {"AAPL": a_holding()}}
    profile = a_profile(orders_per_minute=5, protections={"cooldown": {"minutes": 30}})

    denials = [
        ledgers(profile, trading_state=TradingState.HALTED, **taken, **locked, **busy),
        ledgers(profile, **taken, **locked, **busy),
        ledgers(profile, **locked, **busy),
        ledgers(profile, **busy),
    ]

    assert [denial and denial.reason for denial in denials] == [
        DenialReason.HALTED,
        DenialReason.ALREADY_POSITIONED,
        DenialReason.COOLDOWN,
        DenialReason.ORDER_RATE_LIMIT,
    ]


@pytest.mark.parametrize(
    ("broker", "clock", "first"),
    [
        (BLOCKED | NO_SHORTS, CLOSED, DenialReason.ACCOUNT_BLOCKED),
        (NO_SHORTS, CLOSED, DenialReason.MARKET_CLOSED),
        (NO_SHORTS, {}, DenialReason.NOT_SHORTABLE),
    ],
)
def test_the_first_denial_that_needs_the_broker_wins(broker, clock, first):
    denial = accounts(signal=a_signal(side=Side.SELL), broker=broker, clock=clock)

    assert denial is not None
    assert denial.reason is first


def test_a20_an_exit_is_asked_only_whether_somebody_takes_the_order():
    assert [check.__name__ for check in EXIT_CHECKS] == ["account_open", "market_open"]


@given(signals(few_symbols), full_profiles(), account_views())
def test_a20_an_exit_is_never_denied_by_a_check_that_limits_new_risk(signal, profile, account):
    denial = first_denial(EXIT_CHECKS, signal, profile, account)

    can_be_ordered = not account.broker.is_blocked and account.clock.is_open
    assert (denial is None) == can_be_ordered
    assert denial is None or denial.reason in {DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED}


@given(signals(few_symbols), full_profiles(), account_views())
def test_a18_the_gate_passes_exactly_what_every_check_passes(signal, profile, account):
    by_list = (
        first_denial(SIGNAL_CHECKS, signal, profile),
        first_denial(LEDGER_CHECKS, signal, profile, account.state, NOW),
        first_denial(ACCOUNT_CHECKS, signal, profile, account),
    )

    one_by_one = (
        [check(signal, profile) for check in SIGNAL_CHECKS],
        [check(signal, profile, account.state, NOW) for check in LEDGER_CHECKS],
        [check(signal, profile, account) for check in ACCOUNT_CHECKS],
    )
    firsts = tuple(next((denial for denial in denials if denial), None) for denials in one_by_one)
    assert by_list == firsts


@st.composite
def nearly_admitted(draw):
    """Draw what the gate lets pass, or just not: one rule is as it was drawn, and limits may have no room left."""
    signal, profile, account = draw(signals(few_symbols)), draw(full_profiles()), draw(account_views())
    rules = ["symbol", "state", "broker", "clock", *LENIENT, "symbols", "position_limit", "orders_per_minute"]
    left = draw(st.none() | st.sampled_from(rules))
    if left != "symbol":
        account = without(account, signal.symbol)
    room = draw(st.sampled_from([0, 1, 1, 2]))
    of_profile = LENIENT | {
        "symbols": profile.symbols and profile.symbols | {signal.symbol},
        "position_limit": profile.position_limit and len(account.held) + room,
        "orders_per_minute": profile.orders_per_minute and account.state.orders_in_minute(NOW) + room,
    }
    of_account = {
        "state": account.state.model_copy(update={"trading_state": TradingState.ACTIVE}),
        "broker": a_broker_account(),
        "clock": a_market_clock(),
    }
    profile = profile.model_copy(update={name: value for name, value in of_profile.items() if name != left})
    return signal, profile, replace(account, **{name: v for name, v in of_account.items() if name != left})


def without(account, symbol):
    """Return the account without anything that holds a symbol."""
    locks = {name: held for name, held in account.state.holdings.items() if name != symbol}
    return replace(
        account,
        state=account.state.model_copy(update={"holdings": locks}),
        positions=tuple(each for each in account.positions if each.symbol != symbol),
        orders=tuple(each for each in account.orders if each.symbol != symbol),
    )


@given_reaching(20, nearly_admitted())
def test_what_passes_the_gate_is_within_every_rule(drawn):
    signal, profile, account = drawn
    denials = (
        first_denial(SIGNAL_CHECKS, signal, profile),
        first_denial(LEDGER_CHECKS, signal, profile, account.state, NOW),
        first_denial(ACCOUNT_CHECKS, signal, profile, account),
    )

    if any(denials):
        assert all(denial is None or denial.numbers for denial in denials)
        return False
    others = account.held - {signal.symbol}
    assert signal.confidence >= profile.minimum_confidence
    assert signal.regime not in profile.excluded_regimes
    assert account.state.trading_state is TradingState.ACTIVE
    assert not account.broker.is_blocked
    assert account.clock.is_open
    assert signal.side is Side.BUY or (profile.shorts and account.broker.shorting_enabled)
    assert signal.symbol not in account.held
    assert profile.position_limit is None or len(others) < profile.position_limit
    assert profile.orders_per_minute is None or account.state.orders_in_minute(NOW) < profile.orders_per_minute
    return True
