"""The fault simulation runs on the deployment's own numbers."""

import pytest

from argo.environment import load_configuration
from trials import trial, world
from worlds.paths import CONFIGURATION


@pytest.mark.parametrize(
    ("function", "seconds"),
    [
        ("GenerateFunction", world.GENERATE_SECONDS),
        ("ExecuteArgoFunction", world.EXECUTE_SECONDS),
        ("ExecutePropFirmFunction", world.EXECUTE_SECONDS),
        ("ReconcileArgoFunction", world.RECONCILE_SECONDS),
        ("ReconcilePropFirmFunction", world.RECONCILE_SECONDS),
    ],
)
def test_a_trials_functions_have_the_templates_time_limits(of_type, function, seconds):
    assert of_type("AWS::Lambda::Function")[function]["Timeout"] == seconds


@pytest.mark.parametrize("queue", ["ArgoQueue", "PropFirmQueue"])
def test_a_trials_queues_are_the_templates(of_type, queue):
    properties = of_type("AWS::SQS::Queue")[queue]

    assert properties["VisibilityTimeout"] == world.VISIBILITY.total_seconds()
    assert properties["RedrivePolicy"]["maxReceiveCount"] == world.MAX_RECEIVES


def test_as_many_of_a_trials_executors_run_at_once_as_the_template_lets(of_type):
    mappings = of_type("AWS::Lambda::EventSourceMapping").values()

    assert {each["ScalingConfig"]["MaximumConcurrency"] for each in mappings} == {world.CONCURRENCY}


def test_a_trials_generator_looks_as_often_as_argo_toml_says():
    generation = load_configuration(CONFIGURATION).generation

    assert generation.interval_seconds == trial.CYCLE_SECONDS
    assert generation.timeframe.duration.total_seconds() == trial.CYCLES_A_BAR * trial.CYCLE_SECONDS
