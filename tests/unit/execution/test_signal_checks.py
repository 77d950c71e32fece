from decimal import Decimal

import pytest
from hypothesis import given

from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from execution.checks import crypto_long_only
from execution.gate import SIGNAL_CHECKS, first_denial
from tests.unit.builders import a_profile, a_signal
from tests.unit.strategies import confidences


@given(confidences, confidences.filter(bool))
def test_a04_confidence_is_compared_with_the_minimum_in_one_unit(confidence, minimum):
    denial = first_denial(SIGNAL_CHECKS, a_signal(confidence=confidence), a_profile(minimum_confidence=minimum))

    assert (denial is None) == (confidence >= minimum)


def test_a05_a_denial_says_which_numbers_were_compared():
    denial = first_denial(SIGNAL_CHECKS, a_signal(confidence=Decimal("81.9")), a_profile(minimum_confidence=82))

    assert denial == Denial(
        DenialReason.CONFIDENCE_BELOW_MINIMUM, {"confidence": "81.9", "minimum_confidence": "82"}
    )


def test_a_symbol_off_the_profiles_list_is_denied():
    denial = first_denial(SIGNAL_CHECKS, a_signal(), a_profile(symbols={"SPY", "QQQ"}))

    assert denial == Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "AAPL", "allowed": "QQQ, SPY"})


def test_a_symbol_on_the_profiles_list_passes():
    denial = first_denial(SIGNAL_CHECKS, a_signal(), a_profile(symbols={"SPY", "aapl"}))

    assert denial is None


@pytest.mark.parametrize("spelling", ["BTC/USD", "BTCUSD", "BTC-USD"])
def test_a24_a_coin_is_on_the_list_however_it_is_written(spelling):
    coin = a_signal(symbol=Symbol(spelling))

    profiles = [a_profile(symbols=allowed) for allowed in (None, {"btcusd"}, {"AAPL"})]
    denials = [first_denial(SIGNAL_CHECKS, coin, profile) for profile in profiles]

    assert denials == [
        None,
        None,
        Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "BTC/USD", "allowed": "AAPL"}),
    ]


@pytest.mark.parametrize(
    ("symbol", "side", "denied"),
    [("BTC/USD", Side.SELL, True), ("BTC/USD", Side.BUY, False), ("AAPL", Side.SELL, False)],
)
def test_coins_that_are_not_held_are_not_sold(symbol, side, denied):
    denial = crypto_long_only(a_signal(symbol=Symbol(symbol), side=side), a_profile())

    assert denial == (Denial(DenialReason.CRYPTO_SHORT, {"symbol": "BTC/USD"}) if denied else None)


@pytest.mark.parametrize("regime", Regime)
def test_an_excluded_regime_is_denied_and_only_that(regime):
    profile = a_profile(excluded_regimes={Regime.CRISIS, Regime.NOT_WARM})

    denial = first_denial(SIGNAL_CHECKS, a_signal(regime=regime), profile)

    excluded = regime in {Regime.CRISIS, Regime.NOT_WARM}
    told = {"regime": regime, "excluded": "crisis, not_warm"}
    assert denial == (Denial(DenialReason.REGIME_EXCLUDED, told) if excluded else None)
