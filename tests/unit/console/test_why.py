from io import StringIO

import pytest
from rich.console import Console

from argo.domain.ledger import SignalRecord
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, RejectionReason
from console.why import explained, meaning
from tests.unit.domain.long_records import held, refused_exit, repeated


@pytest.mark.parametrize("reason", [*DenialReason, *Obstacle, *QuarantineReason, *RejectionReason], ids=str)
def test_a01_a_reason_on_the_record_is_explained(reason):
    said = meaning(str(reason))

    assert said == reason.meaning


def test_a_reason_of_another_version_has_no_meaning():
    said = meaning("retired_reason")

    assert said == "?"


def test_no_code_has_two_meanings():
    codes = [
        str(reason) for kind in (DenialReason, Obstacle, QuarantineReason, RejectionReason) for reason in kind
    ]

    assert len(set(codes)) == len(codes)


def test_c05_an_exit_that_was_refused_all_morning_is_told_in_two_lines():
    *_, refused = repeated(held(), refused_exit(lambda _: "asset AAPL is not tradable"), 824)
    screen = Console(width=200, record=True, file=StringIO())

    screen.print(*explained(SignalRecord(None, {"argo": refused})))

    said = [line for line in screen.export_text().splitlines() if "not tradable" in line]
    assert [line.count("412 times, last 2026-03-02 21:52:35") for line in said] == [1, 1]
    assert "refused 412 times, last 2026-03-02 21:52:35, asset AAPL is not tradable" in said[0]
