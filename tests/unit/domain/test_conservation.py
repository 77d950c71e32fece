import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.conservation import Part, Standstill, conserved, part_of, sums, unresolved
from argo.domain.execution import ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.lists import Unreadable, execution_name
from argo.domain.reasons import Obstacle, Withdrawal
from tests.unit.builders import NOW, a_signal
from tests.unit.console.records import EXECUTORS, a_record, in_state, records

S = ExecutionState
COUNTS = ("with_order", "denied", "rejected", "expired", "dead_lettered", "unresolved")


def account(*found, executor="argo"):
    """Return one account's sum over records."""
    (total,) = sums(found, [executor])
    return total


def counts(total):
    return {name: getattr(total, name) for name in COUNTS if getattr(total, name)}


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (S.CLAIMED, "unresolved"),
        (S.SUBMITTING, "unresolved"),
        (S.UNKNOWN, "unresolved"),
        (S.SUBMITTED, "with_order"),
        (S.PARTIALLY_FILLED, "with_order"),
        (S.FILLED, "with_order"),
        (S.CLOSED, "with_order"),
        (S.CANCELED, "with_order"),
        (S.DENIED, "denied"),
        (S.REJECTED, "rejected"),
        (S.EXPIRED, "expired"),
        (S.DEAD_LETTERED, "dead_lettered"),
    ],
)
def test_a01_an_execution_is_in_the_count_of_its_state_and_in_no_other(state, count):
    total = account(a_record({"argo": state}))

    assert (total.signals, counts(total), total.gap) == (1, {count: 1}, 0)


def test_a01_a_signal_without_an_execution_is_unresolved():
    total = account(a_record())

    assert (total.signals, counts(total), total.gap) == (1, {"unresolved": 1}, 0)


def test_a_signal_for_another_account_is_not_counted():
    total = account(a_record({"prop_firm": S.FILLED}, addressed=["prop_firm"]))

    assert (total.signals, counts(total), total.gap) == (0, {}, 0)


def test_a01_an_execution_without_a_signal_is_a_gap():
    total = account(a_record({"argo": S.FILLED}, addressed=[]))

    assert (total.signals, total.with_order, total.gap) == (0, 1, -1)


@given(st.lists(records))
def test_a01_the_counts_add_up_but_for_executions_nobody_was_sent(found):
    for total in sums(found, EXECUTORS):
        unaddressed = [record for record in found if total.executor in record.executions.keys() - record.addressed]

        assert sum(counts(total).values()) == total.signals + len(unaddressed)
        assert total.gap == -len(unaddressed)


@given(st.lists(records), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_irrelevant_to_the_sums(found, randomness):
    shuffled = [*found]
    randomness.shuffle(shuffled)

    assert sums(shuffled, EXECUTORS) == sums(found, EXECUTORS)


@given(st.lists(records), st.lists(records))
def test_a_sum_over_all_rows_is_the_sum_of_its_parts(first, second):
    whole, *parts = (account(*found) for found in ([*first, *second], first, second))

    assert whole.signals == sum(part.signals for part in parts)
    assert all(getattr(whole, name) == sum(getattr(part, name) for part in parts) for name in COUNTS)


@given(st.lists(records))
def test_a10_the_execution_rate_is_orders_by_signals_less_denied(found):
    total = account(*found)

    eligible = total.signals - total.denied - total.gap
    assert total.eligible == eligible
    assert total.execution_rate == (total.with_order / eligible if eligible else None)
    assert total.plain_share == (total.with_order / total.signals if total.signals else None)


def test_a_signal_for_another_account_was_not_declined_by_this_one():
    record = a_record(addressed=["prop_firm"], declined={"third": "confidence_below_minimum"})

    assert account(record).declined == 0


def test_an_account_adds_up_without_a_gap_and_with_an_order():
    whole, silent, lost = account(a_record({"argo": S.FILLED})), account(a_record({"argo": S.EXPIRED})), account()
    lost.signals = 1

    assert (whole.adds_up, silent.adds_up, lost.adds_up, account().adds_up) == (True, False, False, True)


def test_a10_without_signals_there_is_no_rate():
    total = account()

    assert (total.execution_rate, total.plain_share, total.is_silent) == (None, None, False)


@pytest.mark.parametrize(
    ("found", "silent"),
    [
        ([], False),
        ([S.DENIED, S.DENIED], False),
        ([S.DENIED, S.CLAIMED], True),
        ([S.EXPIRED], True),
        ([S.REJECTED, S.DEAD_LETTERED, S.UNKNOWN], True),
        ([S.REJECTED, S.SUBMITTED], False),
        ([S.CANCELED], False),
    ],
)
def test_a01_eligible_signals_without_one_order_are_silence(found, silent):
    total = account(*(a_record({"argo": state}) for state in found))

    assert total.is_silent is silent


def test_reasons_and_profit_are_summed():
    total = account(
        a_record({"argo": S.DENIED}),
        a_record({"argo": S.DENIED}),
        a_record({"argo": S.REJECTED}),
        a_record({"argo": in_state(S.CLOSED, realised_profit=Decimal("10.25"))}),
        a_record({"argo": in_state(S.CLOSED, realised_profit=Decimal("-3.5"))}),
    )

    assert total.reasons == {"confidence_below_minimum": 2, "bracket_geometry": 1}
    assert total.realised_profit == Decimal("6.75")


@given(st.lists(records))
def test_a_sum_is_plain_json_that_says_what_the_properties_say(found):
    total = account(*found)

    shown = json.loads(json.dumps(total.as_dict()))

    names = (*COUNTS, "executor", "signals", "gap", "eligible", "execution_rate", "plain_share")
    assert {name: shown[name] for name in names} == {name: getattr(total, name) for name in names}
    assert Decimal(shown["realised_profit"]) == total.realised_profit


awkward = st.builds(
    in_state, st.sampled_from(S), order_id=st.sampled_from([None, "61e69015-8549-4bfd-b9c3-01e75843f47d"])
)
awkward_records = st.builds(
    a_record,
    st.dictionaries(st.sampled_from(EXECUTORS), awkward),
    addressed=st.frozensets(st.sampled_from(EXECUTORS)),
)


@given(st.lists(awkward_records))
def test_a01_every_signal_of_an_account_is_in_exactly_one_count(found):
    for record in found:
        for executor in EXECUTORS:
            total = account(record, executor=executor)
            known = executor in record.addressed or executor in record.executions

            assert sum(getattr(total, part) for part in Part) == known
            assert total.signals == (executor in record.addressed)


@given(awkward)
def test_a03_only_a_record_with_an_order_id_counts_as_an_order(execution):
    total = account(a_record({"argo": execution}))

    assert (part_of(execution) is Part.WITH_ORDER) == bool(execution.state.has_order and execution.order_id)
    assert total.with_order == (part_of(execution) is Part.WITH_ORDER)


@given(st.lists(awkward_records))
def test_the_unresolved_are_as_many_as_are_counted_and_each_says_what_it_met(found):
    for executor in EXECUTORS:
        total, waiting = account(*found, executor=executor), unresolved(found, executor)

        assert len(waiting) == total.unresolved == total.obstacles.total()
        assert all(each.obstacle and each.executor == executor for each in waiting)


@pytest.mark.parametrize(
    ("record", "obstacle"),
    [
        (a_record(awaiting=frozenset({"argo"})), Standstill.NOT_SENT),
        (a_record(), Standstill.NOT_RECEIVED),
        (a_record({"argo": S.CLAIMED}), Standstill.IN_WORK),
        (a_record({"argo": in_state(S.CLAIMED, obstacle="broker_unreachable")}), Obstacle.BROKER_UNREACHABLE),
        (a_record({"argo": in_state(S.SUBMITTED, order_id=None)}), Standstill.ORDER_WITHOUT_ID),
    ],
)
def test_a01_an_unresolved_signal_says_where_it_is(record, obstacle):
    (found,) = unresolved([record], "argo")

    assert found.obstacle == obstacle


def test_a_signal_the_account_does_not_want_stays_out_of_its_sum():
    record = a_record(addressed=["prop_firm"], declined={"argo": "confidence_below_minimum"})

    total = account(record)

    assert (total.signals, total.declined, total.gap, total.eligible) == (0, 1, 0, 0)


def test_a01_what_is_older_than_the_window_is_listed_and_not_summed():
    record = a_record({"argo": S.CLAIMED})
    hours_ago = in_state(S.UNKNOWN, signal_id="0" * 24, created_at=NOW - timedelta(hours=5))
    filled = in_state(S.FILLED, signal_id="1" * 24, created_at=NOW - timedelta(days=5))
    known_twice = record.executions["argo"]

    found = conserved([record], "argo", now=NOW, still_open=[filled, hours_ago, known_twice])

    assert (found.total.signals, found.total.unresolved, found.total.gap) == (1, 1, 0)
    assert [each.signal_id for each in found.unresolved] == ["0" * 24, record.signal_id]
    assert found.oldest_unresolved_seconds == 5 * 3_600


def test_a_signal_of_a_clock_that_is_ahead_has_no_age():
    found = conserved([a_record()], "argo", now=NOW - timedelta(minutes=1))

    assert found.oldest_unresolved_seconds == 0


def test_c09_a_signal_that_was_never_sent_is_in_the_sum_as_expired_with_its_reason():
    signal = a_signal()
    declined = {"argo": Withdrawal.NEVER_SENT, "removed": Withdrawal.NOT_SERVED}
    record = SignalRecord(StoredSignal(signal, "simulated", frozenset(), frozenset(), declined), {})

    served, removed = sums([record], ["argo", "removed"])

    assert (served.signals, served.expired, served.unresolved, served.gap) == (1, 1, 0, 0)
    assert served.reasons == {Withdrawal.NEVER_SENT: 1}
    assert (removed.signals, removed.declined, removed.gap) == (0, 1, 0)
    assert unresolved([record], "argo") == []


def test_two_signals_of_a_kind_count_twice():
    times = [NOW - timedelta(minutes=minutes) for minutes in (1, 2)]
    never_sent = [a_record(declined={"argo": Withdrawal.NEVER_SENT}, bar_time=time) for time in times]
    unwanted = [a_record(addressed=[], declined={"argo": "regime_excluded"}, bar_time=time) for time in times]

    total = account(*never_sent, *unwanted, *(a_record(bar_time=time) for time in times))

    assert (total.signals, total.expired, total.declined, total.unresolved) == (4, 2, 2, 2)
    assert total.reasons == {Withdrawal.NEVER_SENT: 2}
    assert total.obstacles == {Standstill.NOT_RECEIVED: 2}


def test_an_execution_without_its_signal_is_unresolved_by_its_own_state_alone():
    gone = [
        SignalRecord(None, {"prop_firm": in_state(S.CLAIMED)}),
        SignalRecord(None, {"argo": in_state(S.CLAIMED)}),
    ]

    assert [each.state for each in unresolved(gone, "argo")] == [S.CLAIMED]


def test_c15_a_signal_whose_execution_cannot_be_read_is_nobodys_to_end():
    record = a_record()
    name = execution_name(record.signal_id, "argo")

    without, named = (
        conserved([record], "argo", now=NOW, until=NOW, unreadable=unreadable)
        for unreadable in ((), (Unreadable(name, "of a later version"),))
    )

    assert [len(found.unclaimed) for found in (without, named)] == [1, 0]
    assert [len(found.unreadable) for found in (without, named)] == [0, 1]
    assert [found.accounted_until for found in (without, named)] == [record.stored.signal.created_at, NOW]
    assert conserved([record], "argo", now=NOW).accounted_until is None
