"""The broker's key in the parameter store: read once, shared, and read anew where the broker refuses it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from argo.adapters.aws.parameters import Credentials, StoredKey, read_credentials
from argo.domain.tables import ConfigurationError
from argo.ports import Unavailable
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW

FIRST, SECOND = Credentials("PK1", "one"), Credentials("PK2", "two")
SECOND_LATER = timedelta(seconds=1)


class Store:
    """What answers, one after the other; the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.reads = 0

    def __call__(self):
        self.reads += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Refusing:
    """A parameter store's client that answers an error."""

    def __init__(self, error):
        self.error = error

    def get_parameter(self, **_):
        if isinstance(self.error, Exception):
            raise self.error
        return {"Parameter": {"Value": self.error}}


def an_error(code, status=400):
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetParameter")


@pytest.mark.parametrize(
    "error",
    [
        an_error("ThrottlingException"),
        an_error("InternalServerError", 500),
        an_error("AccessDeniedException"),
        an_error("ExpiredTokenException"),
        an_error("UnrecognizedClientException"),
        an_error("KMS.ThrottlingException"),
        an_error("InvalidKeyId"),
        an_error("Unheard"),
        ReadTimeoutError(endpoint_url="https://ssm"),
        EndpointConnectionError(endpoint_url="https://ssm"),
    ],
)
def test_c03_a_parameter_store_that_does_not_tell_is_waited_for(error):
    with pytest.raises(Unavailable, match="/argo/credentials"):
        read_credentials(Refusing(error), "/argo/credentials")


@pytest.mark.parametrize(
    "said",
    [
        an_error("ParameterNotFound"),
        an_error("ParameterVersionNotFound"),
        "no key",
        "[]",
        "null",
        json.dumps({"key_id": "PK1"}),
        json.dumps({"key_id": "PK1", "secret_key": None}),
    ],
)
def test_c03_a_parameter_that_is_not_there_or_no_key_is_a_persons_to_mend(said):
    with pytest.raises(ConfigurationError, match="/argo/credentials"):
        read_credentials(Refusing(said), "/argo/credentials")


@pytest.mark.parametrize("answer", [FIRST, Unavailable("throttled"), ConfigurationError("not there")])
def test_c03_ten_who_ask_at_once_are_one_read(answer):
    began, go_on = Barrier(10), Event()

    class Slow(Store):
        def __call__(self):
            go_on.wait()
            return super().__call__()

    store = Slow(answer)
    key = StoredKey(store, SteppedClock(NOW))

    def ask():
        began.wait()
        try:
            return key()
        except (Unavailable, ConfigurationError) as failure:
            return failure

    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(ask) for _ in range(10)]
        go_on.set()
        found = [each.result() for each in asked]

    assert (found, store.reads) == ([answer] * 10, 1)


def test_c03_a_read_that_failed_is_made_again_a_second_later_and_then_no_more():
    clock, store = SteppedClock(NOW), Store(Unavailable("throttled"), FIRST)
    key = StoredKey(store, clock)
    for _ in range(3):
        with pytest.raises(Unavailable):
            key()
    assert store.reads == 1

    clock.set(NOW + SECOND_LATER + timedelta(microseconds=1))

    assert [key(), key()] == [FIRST, FIRST]
    assert store.reads == 2


def test_c03_a_refused_key_is_read_anew_once_and_another_one_is_told():
    store = Store(FIRST, SECOND)
    key = StoredKey(store, SteppedClock(NOW))
    key()

    assert key.renew(0, NOW)
    assert (key.version, key()) == (1, SECOND)
    assert key.renew(0, NOW)  # Another request that had gone with the first one.
    assert store.reads == 2


def test_c03_the_same_key_again_is_no_other_and_is_read_for_the_next_refusal_only():
    clock, store = SteppedClock(NOW), Store(FIRST)
    key = StoredKey(store, clock)
    key()

    assert not key.renew(0, NOW)
    assert not key.renew(0, NOW)
    assert store.reads == 2

    clock.set(NOW + SECOND_LATER)
    assert not key.renew(0, clock.now())
    assert (store.reads, key.version, key()) == (3, 0, FIRST)


def test_c03_a_refused_key_that_cannot_be_read_anew_is_kept_and_waited_for():
    clock, store = SteppedClock(NOW), Store(FIRST, Unavailable("throttled"), SECOND)
    key = StoredKey(store, clock)
    key()

    with pytest.raises(Unavailable):
        key.renew(0, NOW)
    assert key() == FIRST

    clock.set(NOW + 2 * SECOND_LATER)
    assert key.renew(0, clock.now())
    assert key() == SECOND
