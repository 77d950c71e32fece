from collections import Counter
from functools import cache

import pytest

from tests.deep import sampled
from tests.simulation.short_trials import CAUGHT_SOON
from trials.faults import Fault
from trials.proof import PROOF, proof, read_record
from trials.referee.rules import Rule
from trials.series import ENOUGH_SEEDS, Processes, Summary
from trials.trial import run_trial
from trials.world import Plan
from trials.wrong_policies import WRONG_POLICIES

SEEDS, SEEDS_A_TEST = 4, 2
"""`.ci/run` plays many more."""
RECORD = read_record()
CAUGHT = RECORD.caught


whole = cache(run_trial)
"""Runs a trial of right code once, however many tests look at it."""


def broken(verdict):
    return {violation.rule for violation in verdict.violations}


@pytest.mark.parametrize("first", sampled(range(0, SEEDS, SEEDS_A_TEST), every=2))
def test_no_rule_is_broken_by_any_seed(first):
    verdicts = [whole(Plan(seed)) for seed in range(first, first + SEEDS_A_TEST)]

    assert [(verdict.plan.seed, verdict.violations) for verdict in verdicts if verdict.violations] == []
    assert {verdict.signals for verdict in verdicts} == {Plan(first).signals}
    assert sum(Counter(verdict.states)["CLOSED"] for verdict in verdicts) > 50 * SEEDS_A_TEST


@pytest.mark.deep
def test_every_fault_strikes_in_a_few_seeds_of_which_none_is_hard_to_meet():
    summary = Summary()
    for seed in range(13):
        summary.add(run_trial(Plan(seed, 40)))

    assert {fault for fault in Fault if not summary.struck[fault]} == set()
    assert summary.failing == []


def test_a_fault_that_never_strikes_in_many_seeds_is_named():
    verdict = run_trial(Plan(0, 2))
    few, many = Summary(), Summary()
    few.add(verdict)
    for _ in range(ENOUGH_SEEDS):
        many.add(verdict)

    assert few.never_struck == []
    assert set(many.never_struck) == set(Fault) - verdict.struck.keys()


def test_a_seed_is_the_same_on_the_machine_that_recorded_it_and_on_this_one():
    traced = RECORD.traced

    verdict = whole(Plan(traced.seed, traced.signals))

    assert verdict.digest == traced.digest, (
        "the trials have changed (`make prove` records them), or a machine differs"
    )


def test_another_seed_is_another_trial():
    assert run_trial(Plan(7, 10)).digest != run_trial(Plan(8, 10)).digest


def test_a_trial_of_fewer_signals_is_the_beginning_of_the_longer_one():
    short, long = (run_trial(Plan(3, signals, keep_trace=True)).lines for signals in (5, 10))
    until = next(line.at for line in reversed(short) if line.what == "ledger.put_signal")

    assert [line for line in short if line.at < until] == [line for line in long if line.at < until]


@pytest.mark.deep
def test_processes_bring_the_verdicts_in_the_order_of_the_plans_the_same_to_the_last_event(monkeypatch):
    """Every process hashes strings its own way, the one of this test too."""
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    plans = [Plan(7, 60), *(Plan(seed, 5) for seed in range(5))]

    with Processes(2) as processes:
        verdicts = list(processes.run(plans))

    assert [verdict.digest for verdict in verdicts] == [run_trial(plan).digest for plan in plans]


def test_a_series_has_one_hash_of_all_its_trials():
    def added(*seeds):
        summary = Summary()
        for seed in seeds:
            summary.add(run_trial(Plan(seed, 3)))
        return summary.digest, summary.events

    assert added(0, 1, 2) == added(0, 1, 2)
    assert len({digest for digest, _ in (added(0, 1), added(1, 0), added(0), added(0, 1, 2))}) == 4


def test_a_mutant_works_for_one_trial_and_is_gone_then():
    plan = CAUGHT_SOON["order_before_record"]
    before = run_trial(plan)

    caught = run_trial(plan, mutant="order_before_record")

    assert Rule.ORDER_WITHOUT_INTENT in broken(caught)
    assert run_trial(plan).digest == before.digest


@pytest.mark.parametrize("name", sampled(WRONG_POLICIES, every=4))
def test_a_mutant_is_caught_where_it_is_recorded_to_be(name):
    recorded = CAUGHT[name]
    plans = CAUGHT_SOON[name], Plan(recorded.seed, recorded.signals)

    assert any(broken(run_trial(plan, mutant=name)) & set(recorded.rules) for plan in plans), (
        "the trials have changed: `make prove` finds its first seed again"
    )


@pytest.mark.deep
def test_the_right_code_is_clean_where_a_mutant_is_caught():
    plans = set(CAUGHT_SOON.values())

    assert [plan for plan in plans if broken(run_trial(plan))] == []


def test_the_record_names_every_mutant_and_no_other():
    assert CAUGHT.keys() == WRONG_POLICIES.keys()
    assert len(WRONG_POLICIES) >= 29 + 14
    assert all(recorded.seed < 200 for recorded in CAUGHT.values())


def test_the_page_of_proof_is_what_the_code_and_the_record_say():
    assert PROOF.read_text(encoding="utf-8") == proof(CAUGHT)


def test_every_rule_that_a_mutant_broke_is_one_of_the_rules():
    assert {rule for recorded in CAUGHT.values() for rule in recorded.rules} <= set(Rule)


def test_c04_two_messages_of_one_signal_in_a_batch_take_no_claim_for_their_own():
    """Seed 111 of a thousand: the second's claim went unanswered, and it found the first's, made at its moment."""
    met = "broker_throttled clock_skew killed_after ledger_conflict ledger_throttled ledger_unanswered order_late"
    met += " order_repeated order_unanswered recycled slow views_lag"

    verdict = run_trial(Plan(111, 19, without=frozenset(Fault) - {Fault(each) for each in met.split()}))

    assert verdict.violations == ()
