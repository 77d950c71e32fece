from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from argo.adapters.alpaca.outcome import Answer, fault, is_no_such_order
from argo.domain.faults import Ambiguous, BrokerFault, Duplicate, Refused, Throttled, Unauthorised
from argo.domain.reasons import RejectionReason
from tests.unit.builders import NOW, an_answer
from tests.unit.strategies import json_values, times


def said(code: int | None, message: str, **more: object) -> dict[str, object]:
    return ({"code": code} if code is not None else {}) | {"message": message} | more


@pytest.mark.parametrize(
    ("status", "body"), [(200, {"id": "1"}), (201, {"id": "1"}), (207, []), (200, {}), (204, None)]
)
def test_a_success_is_no_fault(status, body):
    found = fault(an_answer(status, body), NOW)

    assert found is None


def test_b03_an_order_id_used_before_is_a_duplicate():
    found = fault(an_answer(422, said(40010001, "client_order_id must be unique")), NOW)

    assert type(found) is Duplicate
    assert (found.status, found.code, found.message) == (422, 40010001, "client_order_id must be unique")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (422, 40010001, "qty must be > 0"),
        (422, 42210000, "client_order_id must be unique"),
        (400, 40010001, "client_order_id must be unique"),
        (422, None, "client_order_id must be unique"),
    ],
)
def test_b03_only_code_and_message_together_make_a_duplicate(status, code, message):
    found = fault(an_answer(status, said(code, message)), NOW)

    assert type(found) is Refused


VALIDATION, GEOMETRY = RejectionReason.VALIDATION, RejectionReason.BRACKET_GEOMETRY
BUYING_POWER, HELD = RejectionReason.BUYING_POWER, RejectionReason.QUANTITY_HELD
WASH_TRADE, NOT_TRADABLE = RejectionReason.WASH_TRADE, RejectionReason.NOT_TRADABLE


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (422, said(42210000, "sub-penny increment does not fulfill minimum pricing criteria"), VALIDATION),
        (422, said(42210000, "invalid time_in_force for crypto order"), VALIDATION),
        (422, said(40010001, "qty must be > 0"), VALIDATION),
        (400, said(40010000, "request body format is invalid"), VALIDATION),
        (422, said(42210000, "take_profit.limit_price must be >= base_price + 0.01", base_price="9.5"), GEOMETRY),
        (403, said(40310000, "insufficient buying power", buying_power="12.5", cost_basis="100"), BUYING_POWER),
        (403, said(40310000, "cost basis must be >= minimal amount of order 10"), BUYING_POWER),
        (403, said(40310000, "insufficient qty available for order (requested: 5, available: 0)"), HELD),
        (403, said(40310000, "potential wash trade detected. use complex orders"), WASH_TRADE),
        (403, said(40310000, "opposite side market/stop order exists: wash trade"), WASH_TRADE),
        (403, said(40310000, "requested 5, held_for_orders 5"), HELD),
        (403, said(40310000, 'asset "GME" is not fractionable'), NOT_TRADABLE),
        (403, said(40310000, "GME is not fractionable"), NOT_TRADABLE),
        (403, said(40310000, "GME is not tradable"), NOT_TRADABLE),
        (403, said(40310000, "GME is not active"), NOT_TRADABLE),
        (422, said(42210000, 'asset "GME" cannot be sold short'), NOT_TRADABLE),
        (403, said(40310000, "account is not allowed to short"), NOT_TRADABLE),
        (422, said(42210000, "asset XYZ is not active"), NOT_TRADABLE),
        (422, said(40010001, "asset not found for XYZ"), NOT_TRADABLE),
        (404, said(40410000, "order not found"), RejectionReason.OTHER),
        (403, said(40310000, "something new"), RejectionReason.OTHER),
        (409, None, RejectionReason.OTHER),
    ],
)
def test_a_refusal_is_final_and_sorted_by_what_a_person_would_do(status, body, reason):
    found = fault(an_answer(status, body), NOW)

    assert type(found) is Refused
    assert found.reason is reason
    assert found.status == status
    assert found.code == (body or {}).get("code")


@pytest.mark.parametrize("code", ["9" * 5_000, "soon", "-1", [1], True])
def test_a_code_that_is_no_number_is_left_out(code):
    found = fault(an_answer(422, said(code, "no")), NOW)

    assert (type(found), found.code) == (Refused, None)


def test_a_refused_brackets_base_price_is_kept():
    found = fault(an_answer(422, said(42210000, "stop price", base_price=101.5)), NOW)

    assert isinstance(found, Refused)
    assert found.base_price == "101.5"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, None),
        (401, said(None, "unauthorized.")),
        (401, said(40110000, "request is not authorized")),
        (403, None),
        (403, said(None, "forbidden.")),
        (403, "forbidden"),
    ],
)
def test_a34_refused_credentials_are_their_own_fault(status, body):
    found = fault(an_answer(status, body), NOW)

    assert type(found) is Unauthorised
    assert found.status == status


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 408, 301, 302, 307, 304, 100])
@pytest.mark.parametrize("body", [None, {"message": "internal server error"}, {"code": 50010000}])
def test_b02_an_answer_that_tells_nothing_of_the_order_is_ambiguous(status, body):
    found = fault(an_answer(status, body), NOW)

    assert type(found) is Ambiguous
    assert found.status == status


@pytest.mark.parametrize("status", [200, 201])
def test_b02_a_success_without_json_is_ambiguous(status):
    found = fault(an_answer(status, None), NOW)

    assert type(found) is Ambiguous


def test_a_throttled_request_may_be_sent_again_when_the_limit_resets():
    reset = NOW.replace(microsecond=0) + timedelta(seconds=17)

    found = fault(an_answer(429, None, X_RateLimit_Reset=str(int(reset.timestamp()))), NOW)

    assert type(found) is Throttled
    assert (found.until, found.status) == (reset, 429)
    assert found.until.tzinfo is UTC


@pytest.mark.parametrize("name", ["x-ratelimit-reset", "X-Ratelimit-Reset"])
def test_the_limits_header_is_found_however_it_is_written(name):
    reset = NOW.replace(microsecond=0) + timedelta(seconds=17)
    headers = CaseInsensitiveDict({name: str(int(reset.timestamp()))})

    found = fault(Answer(429, headers, None), NOW)

    assert isinstance(found, Throttled)
    assert found.until == reset


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 5),
        ("soon", 5),
        ("1.5", 5),
        ("-99999999999999999999", 5),
        ("9" * 5000, 5),
        ("0", 1),
        ("-1", 1),
        ("99999999999", 120),
    ],
)
def test_an_absurd_reset_becomes_a_short_wait(header, seconds):
    found = fault(an_answer(429, None, X_RateLimit_Reset=header), NOW)

    assert isinstance(found, Throttled)
    assert found.until == NOW + timedelta(seconds=seconds)


def test_a_fault_keeps_the_brokers_words_and_its_request_id():
    found = fault(an_answer(403, said(40310000, "insufficient buying power"), X_Request_ID="r-42"), NOW)

    assert found is not None
    assert found.detail() == {
        "message": "insufficient buying power",
        "status": "403",
        "code": "40310000",
        "request_id": "r-42",
    }


def test_an_answer_without_words_is_described_by_its_status():
    found = fault(an_answer(502, None), NOW)

    assert found is not None
    assert found.detail() == {"message": "HTTP 502", "status": "502"}


bodies = st.one_of(
    json_values,
    st.fixed_dictionaries({}, optional={"code": json_values, "message": json_values, "base_price": json_values}),
)


@given(
    st.integers(100, 999),
    bodies,
    st.dictionaries(st.sampled_from(["X-RateLimit-Reset", "X-Request-ID"]), st.text()),
)
def test_a14_any_answer_is_success_or_exactly_one_kind_of_fault(status, body, headers):
    found = fault(Answer(status, headers, body), NOW)

    if found is None:
        assert 200 <= status < 300
    else:
        assert type(found) in BrokerFault.__subclasses__()
        assert found.status == status
        assert all(isinstance(value, str) for value in found.detail().values())


@given(st.integers(200, 299), json_values.filter(lambda body: body is not None))
def test_a_success_with_a_body_is_never_a_fault(status, body):
    found = fault(an_answer(status, body), NOW)

    assert found is None


@given(st.integers(500, 599), bodies)
def test_b02_no_server_error_is_ever_taken_for_a_refusal(status, body):
    found = fault(an_answer(status, body), NOW)

    assert type(found) is Ambiguous


@given(st.integers(-(10**12), 10**12), times)
def test_a_throttled_request_waits_between_a_second_and_two_minutes(reset, now):
    found = fault(an_answer(429, None, X_RateLimit_Reset=str(reset)), now)

    assert isinstance(found, Throttled)
    assert timedelta(seconds=1) <= found.until - now <= timedelta(minutes=2)


@pytest.mark.parametrize(
    ("status", "body", "is_it"),
    [
        (404, {"code": 40410000}, True),
        (404, {"code": "40410000"}, True),
        (404, {"code": 40410001}, False),
        (404, {}, False),
        (404, "<html>", False),
        (422, {"code": 40410000}, False),
    ],
)
def test_b02_no_such_order_is_alpacas_word_and_not_any_404(status, body, is_it):
    assert is_no_such_order(an_answer(status, body)) is is_it


def test_a_throttled_request_keeps_its_id():
    assert fault(an_answer(429, None, X_Request_ID="r-42"), NOW).request_id == "r-42"
