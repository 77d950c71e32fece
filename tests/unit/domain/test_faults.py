import pytest

from argo.domain.faults import Ambiguous, BrokerFault, Refused, Throttled
from argo.domain.reasons import (
    Denial,
    DenialReason,
    Obstacle,
    QuarantineReason,
    Reason,
    RejectionReason,
)
from tests.unit.builders import NOW

REASONS = [DenialReason, Obstacle, QuarantineReason, RejectionReason]


def test_a_fault_tells_what_is_known_of_it_as_text():
    fault = Ambiguous("gateway timeout", status=504, request_id="r-1")

    detail = fault.detail()

    assert detail == {"message": "gateway timeout", "status": "504", "request_id": "r-1"}
    assert str(fault) == "gateway timeout"


def test_a_fault_without_an_answer_has_only_its_message():
    fault = BrokerFault("connection reset")

    detail = fault.detail()

    assert detail == {"message": "connection reset"}


def test_a_code_of_zero_is_not_left_out():
    fault = BrokerFault("odd", code=0, status=400)

    detail = fault.detail()

    assert detail["code"] == "0"


def test_a_refused_bracket_tells_the_price_the_broker_measured_from():
    fault = Refused("stop price", reason=RejectionReason.BRACKET_GEOMETRY, base_price="101.5", code=42210000)

    detail = fault.detail()

    assert detail == {"message": "stop price", "code": "42210000", "base_price": "101.5"}


def test_a_fault_tells_no_more_than_a_record_can_hold():
    fault = Refused("x" * 500_000, reason=RejectionReason.BRACKET_GEOMETRY, base_price="9" * 500_000)

    assert {name: len(said) for name, said in fault.detail().items()} == {"message": 1_000, "base_price": 1_000}


def test_any_other_refusal_has_no_base_price():
    fault = Refused("no", reason=RejectionReason.OTHER)

    detail = fault.detail()

    assert detail == {"message": "no"}


def test_a_throttled_request_knows_when_it_may_be_sent_again():
    fault = Throttled("slow down", until=NOW, status=429)

    assert fault.until == NOW
    assert fault.detail() == {"message": "slow down", "status": "429"}


@pytest.mark.parametrize("kind", REASONS)
def test_a05_every_reason_has_a_code_and_a_meaning(kind: type[Reason]):
    codes = [reason.value for reason in kind]

    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and code.isidentifier() for code in codes)
    assert all(reason.meaning[0].isupper() and not reason.meaning.endswith(".") for reason in kind)


@pytest.mark.parametrize("kind", REASONS)
def test_a_reason_is_its_code(kind: type[Reason]):
    for reason in kind:
        assert kind(reason.value) is reason
        assert f"{reason}" == reason.value


def test_no_two_kinds_of_reason_share_a_code():
    codes = [reason.value for kind in REASONS for reason in kind]

    assert len(set(codes)) == len(codes)


def test_a_denial_without_numbers_has_none():
    denial = Denial(DenialReason.HALTED)

    assert denial.numbers == {}
