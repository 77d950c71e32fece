import boto3
import pytest
from moto import mock_aws

from argo.adapters.threads import BlockingCalls
from tests.contract.backends import Backend, InMemory
from tests.contract.dynalite import DynaliteBackend, dynalite
from tests.contract.faces import HttpFace
from worlds.embedded_aws import KEYS

DYNALITE = pytest.param("dynalite", marks=pytest.mark.dynalite)


@pytest.fixture(scope="session")
def ministack(aws):
    """AWS for what moto gets wrong: concurrent writers and the number rules."""
    return Backend(aws.client("dynamodb"), aws.client("sqs"), BlockingCalls("ministack", 10))


@pytest.fixture(scope="session")
def moto_clients():
    keys = {
        "region_name": KEYS["AWS_DEFAULT_REGION"],
        "aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    }
    return boto3.client("dynamodb", **keys), boto3.client("sqs", **keys)


@pytest.fixture
def moto(moto_clients):
    """AWS inside this process, one call at a time: moto loses updates under threads."""
    dynamodb, sqs = moto_clients
    with mock_aws():
        yield Backend(dynamodb, sqs, BlockingCalls("moto", 1))


@pytest.fixture
def memory():
    return InMemory()


@pytest.fixture(scope="session", name="dynalite")
def running_dynalite():
    """A second opinion on single items and indexes: it has no transactions and no queues."""
    with dynalite() as dynamodb:
        yield DynaliteBackend(dynamodb, None, BlockingCalls("dynalite", 10))


@pytest.fixture(params=["moto", "ministack"])
def backend(request):
    """AWS with transactions and queues."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["memory", "moto", "ministack", DYNALITE])
def ledgers(request):
    """Everything that a ledger can be kept in."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["memory", "ministack", DYNALITE])
def faithful(request):
    """What bears writers at once and counts to the last digit."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def ledger(ledgers):
    return ledgers.ledger()


@pytest.fixture
def queues(backend):
    return backend.queues()


@pytest.fixture
def face(request):
    """The broker over HTTP, unless the test asks for `ON_BOTH_FACES`."""
    with getattr(request, "param", HttpFace)() as face:
        yield face


@pytest.fixture
def broker(face):
    return face.broker()
