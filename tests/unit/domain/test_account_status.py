from decimal import Decimal

import pytest

from argo.domain.account_status import limits
from tests.unit.builders import NOW, a_holding, a_profile, an_account_state

PROFILE = a_profile(
    daily_loss_limit_percent=5, drawdown_limit_percent=10, exposure_limit_percent=50, position_limit=4
)
LOOKED_AT = {"trading_day": NOW.date(), "equity": Decimal(97_000), "day_start_equity": Decimal(99_000)}
"""What a reconciler's first look leaves on an account's record."""


def used(profile=PROFILE, **state):
    return {limit.name: (limit.used, limit.limit) for limit in limits(profile, an_account_state(**state))}


def test_every_limit_is_told_as_the_record_has_used_it():
    found = used(
        **LOOKED_AT,
        starting_equity=Decimal(100_000),
        peak_equity=Decimal(102_000),
        holdings={"AAPL": a_holding(notional=Decimal(9_000)), "BTC/USD": a_holding(notional=Decimal(3_000))},
    )

    assert found == {
        "daily_loss": (2_000, 4_950),
        "drawdown": (5_000, 10_200),
        "exposure": (12_000, 48_500),
        "positions": (2, 4),
    }


def test_a_static_drawdown_is_measured_from_what_the_account_began_with():
    static = a_profile(drawdown_limit_percent=10, drawdown_basis="static")

    assert used(static, **LOOKED_AT, starting_equity=Decimal(100_000)) == {"drawdown": (3_000, 10_000)}
    assert used(static, **LOOKED_AT) == {"drawdown": (2_000, 9_900)}


def test_an_account_without_a_peak_is_measured_from_its_equity():
    assert used(**LOOKED_AT)["drawdown"] == (0, 9_700)


@pytest.mark.parametrize("unknown", LOOKED_AT)
def test_while_any_mark_is_unknown_only_positions_are_counted(unknown):
    assert used(**LOOKED_AT | {unknown: None}) == {"positions": (0, 4)}


def test_a_profile_without_limits_has_none():
    assert limits(a_profile(position_limit=None), an_account_state(**LOOKED_AT)) == []
