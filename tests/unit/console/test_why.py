import pytest

from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, RejectionReason
from console.why import meaning


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
