"""schemathesis against the API's own OpenAPI document, through the local door, on real SQS and DynamoDB."""

import gc
import json
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from console.api_server import ApiServer
from simulation.broker.server import BackgroundServer
from tests.deep import examples
from trading_api import document, handler
from trading_api.routes import app
from worlds.paths import CONFIGURATION, TEMPLATE

gc.enable()  # A handler stops it on import, until it is wired.
load_all_checks()

EXAMPLES = 40
NO_WAIT = 3.0
# Signatures are API Gateway's to check: the door on loopback asks for none.
UNSIGNED = document.of(app) | {"security": []}
SCHEMA = schemathesis.openapi.from_dict(UNSIGNED)
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
ASKED = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    # What takes nothing can't be asked wrongly.
    if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters
]
NOT_HERE = ("unsupported_method",)  # API Gateway answers a route it does not have with 404, not with 405.
NOT_IN_A_SCHEMA = {
    "POST /api/v1/trading/execute",  # Prices in order for the side, 0.75 is not 75, what a symbol is.
    "GET /api/v1/signals",  # A token is opaque, a month has its days.
}


@pytest.fixture(scope="module")
def server(aws):
    with pytest.MonkeyPatch.context() as environment:
        resources = aws.create_resources(TEMPLATE, "api-contract")
        variables = aws.environment | resources.environment("argo")
        for name, value in (variables | {"ARGO_MODE": "simulated", "ARGO_CONFIG": str(CONFIGURATION)}).items():
            environment.setenv(name, value)
        handler._wiring.cache_clear()
        with BackgroundServer(ApiServer(handler.lambda_handler, seconds=NO_WAIT)) as running:
            yield running.url, {"Authorization": f"Bearer {running.server.token}"}
        handler._wiring.cache_clear()


def excluded(label, mode):
    """Name the checks that can't hold, each with its reason above."""
    names = list(NOT_HERE)
    if label in NOT_IN_A_SCHEMA and mode is GenerationMode.POSITIVE:
        names.append("positive_data_acceptance")
    return [CHECKS.get_one(name) for name in names]


def test_the_document_is_served(server):
    url, _ = server
    with urlopen(f"{url}/openapi.json") as answer:  # noqa: S310 - our own address
        assert json.load(answer) == document.of(app)


@pytest.mark.parametrize(("label", "mode"), ASKED)
def test_the_api_keeps_its_contract(server, label, mode):
    url, headers = server
    operation = OPERATIONS[label]
    answered = []

    @given(operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples(EXAMPLES),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=HealthCheck,
    )
    def ask(case):
        checked = case.call_and_validate(base_url=url, headers=headers, excluded_checks=excluded(label, mode))
        answered.append(checked.status_code)

    ask()
    assert all(status < 500 for status in answered)
