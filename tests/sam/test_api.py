import json

import pytest

from tests.sam.containers import event

pytestmark = pytest.mark.sam


def test_health_is_answered(containers):
    answer = containers.invoke("ApiFunction", event("api-health"))

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"status": "ok", "mode": "simulated"}


@pytest.mark.parametrize("name", ["api-status", "api-signals", "api-execute"])
def test_a_route_that_is_not_built_yet_says_so(containers, name):
    answer = containers.invoke("ApiFunction", event(name))

    assert answer["statusCode"] == 501
    assert "nothing was done" in json.loads(answer["body"])["message"]
