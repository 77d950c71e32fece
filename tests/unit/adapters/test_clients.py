"""Clients made with a part of botocore's data send where botocore's own clients send."""

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import get_session

from argo.adapters.aws import clients

REGIONS = (
    "us-east-1",
    "eu-central-1",
    "mx-central-1",
    "eu-west-99",
    "cn-north-1",
    "us-gov-west-1",
    "us-iso-east-1",
)
OPERATIONS = {"dynamodb": "list_tables", "sqs": "list_queues", "ssm": "describe_parameters"}
VARIANTS = {
    "regular": Config(),
    "fips": Config(use_fips_endpoint=True),
    "dual stack": Config(use_dualstack_endpoint=True),
}


class _Sent(Exception):
    def __init__(self, request):
        self.url = request.url
        authorization = request.headers["Authorization"].decode()
        self.scope = authorization.partition("Credential=key/")[2].partition(",")[0].partition("/")[2]


def _sent(session, service, region, config):
    def stop(request, **_) -> AWSResponse:
        raise _Sent(request)

    client = session.create_client(
        service, region_name=region, config=config, aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.meta.events.register("before-send", stop)
    with pytest.raises(_Sent) as sent:
        getattr(client, OPERATIONS[service])()
    return sent.value.url, sent.value.scope


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("service", clients.SERVICES)
def test_a_request_goes_where_botocores_own_client_sends_it(service, variant):
    ours, botocores = clients.session(), get_session()

    where = {region: _sent(ours, service, region, VARIANTS[variant]) for region in REGIONS}

    assert where == {region: _sent(botocores, service, region, VARIANTS[variant]) for region in REGIONS}
    assert len(set(where.values())) == len(REGIONS)
