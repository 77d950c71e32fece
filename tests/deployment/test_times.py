"""Times that rely on each other, in code and template.yaml: each with what it has to outlast or stay below."""

from datetime import timedelta
from pathlib import Path

import pytest

from argo.adapters.alpaca.connections import REQUEST_SECONDS
from argo.adapters.alpaca.rate_limit import REQUESTS_A_MINUTE
from argo.adapters.aws.queue import LONGEST_DELAY
from argo.domain.account import VIEWS_LAG
from argo.domain.outcome import QUIESCENCE, may_arrive
from argo.environment import load_configuration
from argo.records import WINDOW
from argo.time_left import LEAST_SECONDS
from execution.backoff import Limits
from generation.cycle import _RESERVE
from generation.shift import LONGEST
from reconciliation.repair import PATIENCE
from reconciliation.resolving import _MESSAGE_IS_LOST
from reconciliation.run import _SECONDS_A_LOOK, REQUESTS_A_RUN
from tests.deployment.logical_ids import QUEUES
from tests.deployment.session import ACCOUNTS
from tests.unit.builders import NOW
from trading_api.executing import _TO_ANSWER, LONGEST_WAIT

ROOT = Path(__file__).parents[2]
EXECUTORS = [f"Execute{name}Function" for name in ACCOUNTS.values()]
RECONCILERS = [f"Reconcile{name}Function" for name in ACCOUNTS.values()]
FED_BY = list(zip(QUEUES, EXECUTORS, strict=True))

TICK = timedelta(minutes=1)
SILENCE = timedelta(seconds=REQUEST_SECONDS)
"""How long a request to the broker takes at most: nobody connects, or nobody answers."""

LEASE = Limits().lease
LIFETIME = timedelta(seconds=load_configuration(ROOT / "argo.toml").generation.lifetime_seconds)


@pytest.fixture(scope="module")
def timeout(of_type):
    """Call with a function's name: how long Lambda lets it run."""
    return lambda name: timedelta(seconds=of_type("AWS::Lambda::Function")[name]["Timeout"])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_lease_outlasts_its_worker_and_the_request_that_it_sent_last(timeout, executor):
    assert timeout(executor) + SILENCE < LEASE


@pytest.mark.parametrize("worker", EXECUTORS + RECONCILERS)
def test_b10_what_a_worker_was_about_to_send_may_arrive_until_its_time_is_up_and_views_agree(timeout, worker):
    assert may_arrive(NOW, NOW + timeout(worker) + QUIESCENCE)


def test_what_was_about_to_be_sent_is_given_up_by_the_second_run_after_it():
    assert not may_arrive(NOW, NOW + 2 * TICK)


def test_b02_an_order_is_sent_again_only_after_the_request_before_it_has_ended():
    assert SILENCE < QUIESCENCE


@pytest.mark.parametrize(
    ("name", "kept"),
    [(name, timedelta(seconds=LEAST_SECONDS)) for name in EXECUTORS]
    + [(name, timedelta(seconds=_SECONDS_A_LOOK)) for name in RECONCILERS]
    + [("GenerateFunction", _RESERVE)],
)
def test_whoever_begins_has_time_for_a_silent_broker_and_half_of_the_run_to_begin_in(timeout, name, kept):
    assert SILENCE < kept <= timeout(name) / 2


@pytest.mark.parametrize(("queue", "executor"), FED_BY)
def test_a_message_that_comes_back_by_itself_finds_no_lease_and_a_signal_that_is_not_too_old(
    of_type, timeout, queue, executor
):
    hidden = timedelta(seconds=of_type("AWS::SQS::Queue")[queue]["VisibilityTimeout"])

    assert hidden > LEASE
    assert hidden + timeout(executor) < LIFETIME


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_message_is_lost_when_no_delivery_can_hold_it_and_its_signal_can_still_be_sent(timeout, executor):
    assert timeout(executor) < _MESSAGE_IS_LOST
    assert LEASE + _MESSAGE_IS_LOST + TICK + timeout(executor) < LIFETIME


@pytest.mark.parametrize("name", RECONCILERS)
def test_a_tick_ends_before_the_next_one_begins(timeout, name):
    assert timeout(name) <= TICK


def test_c13_a_generator_goes_on_until_the_tick_after_a_lost_one_has_been_fired_and_has_started(timeout):
    cold_start = timedelta(seconds=15)

    assert 3 * TICK + cold_start <= LONGEST
    assert timeout("GenerateFunction") >= LONGEST + _RESERVE


def test_b08_a_part_waits_for_the_rest_longer_than_views_lag_and_no_longer_than_until_the_next_run():
    assert VIEWS_LAG < PATIENCE <= TICK / 2


def test_the_requests_of_a_run_leave_most_of_the_accounts_limit_to_the_others():
    assert 3 * REQUESTS_A_RUN <= REQUESTS_A_MINUTE


def test_the_api_answers_before_its_time_is_up_and_before_the_gateways(timeout):
    gateways = timedelta(seconds=30)

    assert LONGEST_WAIT + _TO_ANSWER < timeout("ApiFunction") < gateways


def test_a_signal_has_its_outcome_before_it_leaves_the_window_of_the_conservation_sum():
    assert LIFETIME + QUIESCENCE + 2 * TICK < WINDOW


def test_no_delay_is_longer_than_sqs_hides_a_message_from_its_delivery_on(timeout):
    hidden_at_most = timedelta(hours=12)

    assert all(LONGEST_DELAY + timeout(executor) < hidden_at_most for executor in EXECUTORS)
