"""What the reconciler has measured of an account: kept with its marks, and measured anew when a person says so."""

from datetime import date
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.limits import EquityMarks
from tests.contract.workers import MINUTE, SECOND, claim, intend
from tests.unit.builders import NOW


def some_marks(equity=97_000, **fields):
    amounts = {"equity": equity, "day_start": 98_000, "start": 90_000, "peak": 99_000} | fields
    return EquityMarks(date(2026, 3, 2), **{name: Decimal(str(amount)) for name, amount in amounts.items()})


@pytest.mark.transaction
def test_an_observation_keeps_the_marks_and_moves_no_version(ledger):
    read = ledger.account("argo")

    assert ledger.observe(read, some_marks("97000.12"), now=NOW)

    account = ledger.account("argo")
    assert (account.equity, account.day_start_equity) == (Decimal("97000.12"), 98_000)
    assert (account.starting_equity, account.peak_equity) == (90_000, 99_000)
    assert (account.trading_day, account.observed_at) == (date(2026, 3, 2), NOW)
    assert account.version == read.version
    assert intend(ledger, claim(ledger), account=read).state is ExecutionState.SUBMITTING


def test_of_two_observations_of_one_reading_the_first_stays(ledger):
    fresh = ledger.account("argo")
    assert ledger.observe(fresh, some_marks(1), now=NOW)
    read = ledger.account("argo")
    assert not ledger.observe(fresh, some_marks(2), now=NOW + SECOND)

    assert ledger.observe(read, some_marks(3), now=NOW + MINUTE)
    assert not ledger.observe(read, some_marks(4), now=NOW + MINUTE)

    assert (ledger.account("argo").equity, ledger.account("argo").observed_at) == (3, NOW + MINUTE)


@pytest.mark.transaction
def test_reservations_do_not_stop_an_observation(ledger):
    read = ledger.account("argo")
    intend(ledger, claim(ledger))

    assert ledger.observe(read, some_marks(), now=NOW)
    assert ledger.account("argo").reserved_notional == 1000


def test_drawdowns_are_measured_anew_and_the_day_is_not(ledger):
    ledger.observe(ledger.account("argo"), some_marks(), now=NOW)

    ledger.measure_anew("argo")

    account = ledger.account("argo")
    assert (account.starting_equity, account.peak_equity) == (None, None)
    assert (account.day_start_equity, account.equity) == (98_000, 97_000)
    assert account.version == 1


def test_an_account_nobody_has_written_can_be_measured_anew(ledger):
    ledger.measure_anew("argo")

    assert ledger.account("argo").version == 1


def test_an_observation_that_was_under_way_does_not_undo_a_fresh_start(ledger):
    ledger.observe(ledger.account("argo"), some_marks(peak=120_000), now=NOW)
    read = ledger.account("argo")

    ledger.measure_anew("argo")
    ledger.observe(read, some_marks(peak=read.peak_equity), now=NOW + MINUTE)

    assert ledger.account("argo").peak_equity is None
