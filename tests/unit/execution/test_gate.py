from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import TradingState
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from execution.gate import ACCOUNT_CHECKS, SIGNAL_CHECKS, before_account, with_account
from tests.unit.builders import LATER, a_profile, a_signal, an_account_view
from tests.unit.strategies import confidences, profiles, signals, stocks

HALTED = {"trading_state": TradingState.HALTED, "state_reason": "credentials refused"}
BLOCKED = {"trading_blocked": True}
CLOSED = {"is_open": False}
NO_SHORTS = {"shorting_enabled": False}


def test_an_ordinary_signal_passes():
    signal, profile, account = a_signal(), a_profile(), an_account_view()

    denials = before_account(signal, profile), with_account(signal, profile, account)

    assert denials == (None, None)


@given(confidences, confidences.filter(bool))
def test_a04_confidence_is_compared_with_the_minimum_in_one_unit(confidence, minimum):
    denial = before_account(a_signal(confidence=confidence), a_profile(minimum_confidence=minimum))

    assert (denial is None) == (confidence >= minimum)


def test_a05_a_denial_says_which_numbers_were_compared():
    denial = before_account(a_signal(confidence=Decimal("81.9")), a_profile(minimum_confidence=82))

    assert denial == Denial(
        DenialReason.CONFIDENCE_BELOW_MINIMUM, {"confidence": "81.9", "minimum_confidence": "82"}
    )


def test_a_symbol_off_the_profiles_list_is_denied():
    denial = before_account(a_signal(), a_profile(symbols={"SPY", "QQQ"}))

    assert denial == Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "AAPL", "allowed": "QQQ, SPY"})


def test_a_symbol_on_the_profiles_list_passes():
    denial = before_account(a_signal(), a_profile(symbols={"SPY", "aapl"}))

    assert denial is None


@pytest.mark.parametrize("allowed", [None, {"BTC/USD"}])
@pytest.mark.parametrize("spelling", ["BTC/USD", "BTCUSD", "BTC-USD"])
def test_a23_crypto_is_denied_however_it_is_written_until_it_is_supported(spelling, allowed):
    denial = before_account(a_signal(symbol=Symbol(spelling)), a_profile(symbols=allowed))

    assert denial == Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "BTC/USD", "unsupported": "crypto"})


@pytest.mark.parametrize("regime", Regime)
def test_an_excluded_regime_is_denied_and_only_that(regime):
    profile = a_profile(excluded_regimes={Regime.CRISIS, Regime.NOT_WARM})

    denial = before_account(a_signal(regime=regime), profile)

    excluded = regime in {Regime.CRISIS, Regime.NOT_WARM}
    assert denial == (Denial(DenialReason.REGIME_EXCLUDED, {"regime": regime}) if excluded else None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(TradingState.HALTED, DenialReason.HALTED), (TradingState.REDUCING, DenialReason.REDUCING_ONLY)],
)
@pytest.mark.parametrize(("why", "told"), [("daily loss", "daily loss"), (None, "no reason given")])
def test_an_account_that_is_not_active_takes_no_new_risk(state, reason, why, told):
    account = an_account_view(state={"trading_state": state, "state_reason": why})

    denial = with_account(a_signal(), a_profile(), account)

    assert denial == Denial(reason, {"since": told})


@pytest.mark.parametrize(
    "flag",
    [
        {"status": "ACCOUNT_UPDATED"},
        {"trading_blocked": True},
        {"account_blocked": True},
        {"trade_suspended_by_user": True},
    ],
)
def test_a_blocked_account_is_denied_with_its_flags(flag):
    denial = with_account(a_signal(), a_profile(), an_account_view(broker=flag))

    assert denial is not None
    assert denial.reason is DenialReason.ACCOUNT_BLOCKED
    ((name, value),) = flag.items()
    assert denial.numbers[name] == str(value)
    assert set(denial.numbers) == {"status", "trading_blocked", "account_blocked", "trade_suspended_by_user"}


def test_a_closed_market_is_denied_with_its_next_opening():
    denial = with_account(a_signal(), a_profile(), an_account_view(clock=CLOSED))

    assert denial == Denial(DenialReason.MARKET_CLOSED, {"next_open": LATER.isoformat()})


@pytest.mark.parametrize(
    ("side", "enabled", "denied"),
    [(Side.BUY, False, False), (Side.BUY, True, False), (Side.SELL, True, False), (Side.SELL, False, True)],
)
def test_a_short_sale_needs_an_account_that_may_sell_short(side, enabled, denied):
    account = an_account_view(broker={"shorting_enabled": enabled})

    denial = with_account(a_signal(side=side), a_profile(), account)

    assert denial == (Denial(DenialReason.NOT_SHORTABLE, {"shorting_enabled": "False"}) if denied else None)


def test_the_first_denial_that_needs_no_account_wins():
    signal = a_signal(confidence=Decimal(10), symbol=Symbol("BTC/USD"), regime=Regime.CRISIS)

    denial = before_account(signal, a_profile(excluded_regimes={"crisis"}))

    assert denial is not None
    assert denial.reason is DenialReason.CONFIDENCE_BELOW_MINIMUM


@pytest.mark.parametrize(
    ("state", "broker", "clock", "first"),
    [
        (HALTED, BLOCKED | NO_SHORTS, CLOSED, DenialReason.HALTED),
        ({}, BLOCKED | NO_SHORTS, CLOSED, DenialReason.ACCOUNT_BLOCKED),
        ({}, NO_SHORTS, CLOSED, DenialReason.MARKET_CLOSED),
        ({}, NO_SHORTS, {}, DenialReason.NOT_SHORTABLE),
    ],
)
def test_the_first_denial_that_needs_the_account_wins(state, broker, clock, first):
    account = an_account_view(state=state, broker=broker, clock=clock)

    denial = with_account(a_signal(side=Side.SELL), a_profile(), account)

    assert denial is not None
    assert denial.reason is first


accounts = st.builds(
    lambda state, blocked, is_open, shorts: an_account_view(
        state={"trading_state": state},
        broker={"trading_blocked": blocked, "shorting_enabled": shorts},
        clock={"is_open": is_open},
    ),
    st.sampled_from(TradingState),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(signals(stocks), profiles(), accounts)
def test_a18_the_gate_passes_exactly_what_every_check_passes(signal, profile, account):
    passed = before_account(signal, profile) is None and with_account(signal, profile, account) is None

    assert passed == (
        all(check(signal, profile) is None for check in SIGNAL_CHECKS)
        and all(check(signal, profile, account) is None for check in ACCOUNT_CHECKS)
    )
    assert passed == (
        signal.confidence >= profile.minimum_confidence
        and account.state.trading_state is TradingState.ACTIVE
        and not account.broker.trading_blocked
        and account.clock.is_open
        and (signal.side is Side.BUY or account.broker.shorting_enabled)
    )
