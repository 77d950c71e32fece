from decimal import Decimal

import pytest

from argo.domain.account_status import limits, status_of
from argo.domain.conservation import AccountSum
from argo.domain.lists import Listed
from argo.domain.placements import OrderLeg
from argo.domain.values import iso
from tests.unit.builders import NOW, a_holding, a_profile, an_account_state, an_execution

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


def a_status(profile=PROFILE, executions=(), **state):
    account = an_account_state(**state)
    return status_of(account, Listed(executions), AccountSum("argo"), profile)


def test_what_is_not_known_of_an_account_is_null_and_what_is_known_is_told():
    told = a_status(resumes_on=NOW.date(), state_since=NOW, equity=Decimal(97_000)).as_dict()
    untold = a_status(profile=None).as_dict()

    assert (told["resumes_on"], told["since"], told["equity"]) == (NOW.date().isoformat(), iso(NOW), "97000")
    assert [untold[name] for name in ("resumes_on", "since", "equity")] == [None] * 3
    assert untold["limits"] == []


def test_a_days_profit_needs_its_start():
    assert a_status(**LOOKED_AT).day_profit == -2_000
    assert a_status(**LOOKED_AT | {"day_start_equity": None}).day_profit is None
    assert a_status(**LOOKED_AT | {"equity": None}).day_profit is None


@pytest.mark.parametrize(
    ("legs", "said"),
    [((), "none"), ((OrderLeg(order_id="stop", role="stop_loss", status="held"),), "stop_loss held")],
)
def test_a_positions_protection_is_its_executions_legs(legs, said):
    execution = an_execution(legs=legs)
    held = {"AAPL": a_holding(signal_id=execution.signal_id), "MSFT": a_holding(signal_id="f" * 24)}

    status = a_status(executions=[execution], holdings=held)

    assert (status.protection("AAPL"), status.protection("MSFT")) == (said, "no open execution")
