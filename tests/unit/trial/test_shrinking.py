from collections import Counter

from trials.faults import Fault
from trials.shrinking import Found, Shrinker
from trials.world import Plan

NEEDED = {Fault.KILLED_AFTER, Fault.VIEWS_LAG}
AROUND = NEEDED | {Fault.SLOW, Fault.POISON, Fault.MESSAGE_TWICE}


def breaks_with(needed=frozenset(), signals=1, rule="ghost", always=()):
    """A trial that breaks a rule where it has so many signals and these faults."""

    def run(plan):
        struck = AROUND - plan.without
        broken = needed <= struck and plan.signals >= signals
        return Found({*always, *([rule] if broken else [])}, struck)

    return run


def kinds(plan):
    return frozenset(Fault) - plan.without


def test_only_the_signals_that_are_needed_are_left():
    assert Shrinker("ghost", breaks_with(signals=37)).shrink(Plan(5, 200)).signals == 37


def test_a_trial_that_breaks_with_one_signal_is_left_with_one():
    assert Shrinker("ghost", breaks_with()).shrink(Plan(5, 200)).signals == 1


def test_only_the_faults_that_are_needed_are_left():
    assert kinds(Shrinker("ghost", breaks_with(NEEDED)).shrink(Plan(5, 200))) == NEEDED


def test_what_breaks_without_a_fault_is_left_with_none():
    assert kinds(Shrinker("ghost", breaks_with(signals=3)).shrink(Plan(5, 200))) == set()


def test_what_one_fault_breaks_alone_is_found_before_anything_else_is_tried():
    shrinker = Shrinker("ghost", breaks_with({Fault.KILLED_AFTER}))

    smallest = shrinker.shrink(Plan(5, 1))

    assert kinds(smallest) == {Fault.KILLED_AFTER}
    assert shrinker.runs < 2 * len(AROUND)


def test_another_rule_that_is_broken_does_not_count():
    run = breaks_with(NEEDED, signals=20, always=["unprotected"])

    smallest = Shrinker("ghost", run).shrink(Plan(5, 200))

    assert (smallest.signals, kinds(smallest)) == (20, NEEDED)


def test_a_fault_that_is_left_out_may_let_signals_go_too():
    def run(plan):
        struck = AROUND - plan.without
        needed = 50 if Fault.POISON in struck else 5
        return Found({"ghost"} if struck >= NEEDED and plan.signals >= needed else set(), struck)

    assert Shrinker("ghost", run).shrink(Plan(5, 200)).signals == 5


def test_the_number_of_runs_is_bounded_and_the_best_so_far_is_kept():
    ran = Counter()
    needs = breaks_with(NEEDED, signals=37)

    def run(plan):
        ran[plan] += 1
        return needs(plan)

    shrinker = Shrinker("ghost", run, longest=12)
    smallest = shrinker.shrink(Plan(5, 200))

    assert ran.total() == shrinker.runs == 12
    assert needs(smallest).rules == {"ghost"}
    assert smallest.signals < 200


def test_a_plan_that_breaks_nothing_stays_as_it_is():
    assert Shrinker("lost", breaks_with()).shrink(Plan(5, 200)) == Plan(5, 200)
