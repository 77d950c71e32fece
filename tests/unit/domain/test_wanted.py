"""Which signals an account wants, by its profile and by what it holds."""

from decimal import Decimal

import pytest

from argo.domain.profile import declined, wants
from argo.domain.reasons import DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from tests.unit.builders import a_holding, a_profile, a_signal

PROFILE = a_profile(minimum_confidence=80, symbols=["AAPL"], excluded_regimes=["crisis"])


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        ({"confidence": Decimal(80)}, None),
        ({"confidence": Decimal("79.99")}, DenialReason.CONFIDENCE_BELOW_MINIMUM),
        ({"symbol": Symbol("MSFT")}, DenialReason.SYMBOL_NOT_ALLOWED),
        ({"regime": Regime.CRISIS}, DenialReason.REGIME_EXCLUDED),
    ],
    ids=str,
)
def test_a_profile_declines_by_confidence_symbol_and_regime(signal, reason):
    assert declined(a_signal(**signal), PROFILE) is reason
    assert wants(a_signal(**signal), PROFILE) is (reason is None)


def test_a_profile_without_a_list_takes_every_symbol():
    assert declined(a_signal(symbol=Symbol("MSFT")), a_profile()) is None


@pytest.mark.parametrize(("held", "wanted"), [(Side.BUY, True), (Side.SELL, False), (None, False)])
def test_a20_an_exit_is_wanted_whatever_the_profile_says_of_entries(held, wanted):
    sell = a_signal(side=Side.SELL, confidence=Decimal(10), regime=Regime.CRISIS)

    assert wants(sell, PROFILE, a_holding(side=held) if held else None) is wanted


def test_an_entry_is_wanted_whatever_is_held():
    assert all(wants(a_signal(), PROFILE, a_holding(side=side)) for side in Side)
