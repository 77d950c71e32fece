import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deep import examples
from tests.fuzz import doors
from tests.fuzz.mutations import as_json, places, with_each_odd_value
from tests.fuzz.samples import EVENTS
from tests.unit.api.counter import BUY


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["routeKey"])
def test_what_is_fuzzed_is_a_request_as_it_is(event):
    assert doors.api(json.dumps(event).encode()) in {200, 202, 404}


@given(st.sampled_from(EVENTS).flatmap(as_json))
@settings(max_examples=examples(250))
def test_any_event_is_answered_in_json_and_without_a_5xx(raw):
    doors.api(raw)


@pytest.mark.parametrize("place", places(BUY), ids=str)
def test_a_body_with_any_odd_value_is_answered_in_json_and_without_a_5xx(place):
    for body in with_each_odd_value(BUY, place):
        doors.api(json.dumps(EVENTS[0] | {"body": body.decode()}).encode())


@given(as_json(BUY), st.booleans())
@settings(max_examples=examples(100))
def test_any_body_is_answered_in_json_and_without_a_5xx(body, packed):
    text = base64.b64encode(body).decode() if packed else body.decode("utf-8", "surrogateescape")
    event = EVENTS[0] | {"body": text, "isBase64Encoded": packed}

    doors.api(json.dumps(event).encode())
