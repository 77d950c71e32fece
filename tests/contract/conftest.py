import boto3
import pytest
from moto import mock_aws

from argo.adapters.threads import BlockingCalls
from console.embedded_aws import KEYS
from tests.contract.backends import Backend
from tests.contract.broker_desk import BrokerDesk


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


@pytest.fixture(params=["moto", "ministack"])
def backend(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def ledger(backend):
    return backend.ledger()


@pytest.fixture
def queues(backend):
    return backend.queues()


@pytest.fixture
def desk():
    with BrokerDesk() as open_desk:
        yield open_desk
