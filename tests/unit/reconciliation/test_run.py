"""What a run looks at, in which order, and for how many requests; what it does is the pipeline's to show."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous, Throttled
from argo.domain.orders import OrderStatus
from argo.domain.placements import Cover, Exit, Protection
from reconciliation.run import _SECONDS_A_LOOK, REQUESTS_A_RUN, reconcile
from tests.unit.builders import NOW
from tests.unit.reconciliation.accounts import Account
from tests.unit.reconciliation.in_memory import a_wiring
from tests.unit.reconciliation.positions import LATER

MINUTE = timedelta(minutes=1)

WITHOUT_EXITS = {"planned_stop": None, "planned_target": None}
"""What makes a record unreadable for the rules."""


def test_200_positions_that_nothing_has_happened_to_cost_what_one_does():
    one, many = Account(1), Account(200)

    assert many.run()[1] == one.run()[1] == 4


@pytest.mark.parametrize(
    "rules", [{"trail_r": 1}, {"break_even_at_r": 1}, {"bars": 1_000}, {"minutes_before_close": 5}]
)
def test_a_rule_that_is_not_due_costs_no_request(rules):
    assert Account(200, **rules).run()[1] == 4


def test_what_has_changed_is_looked_at_within_60_requests_a_run_and_the_rest_by_the_next_runs():
    account = Account(200)
    for number in range(200):
        account.end_legs(number)

    requests, guarded = [], []
    while not guarded or guarded[-1] < 200:
        _, asked = account.run()
        requests.append(asked)
        guarded.append(sum(each.protection is not None for each in account.book.executions.values()))
        assert len(requests) <= 200 / 6 + 1, f"requests {requests}, guarded after each run {guarded}"

    assert max(requests) <= REQUESTS_A_RUN, requests


def test_a_run_never_sends_more_than_it_may_however_much_each_position_costs():
    account = Account(200)
    for execution in tuple(account.book.executions.values()):
        account.book.add(execution.model_copy(update={"exit": Exit(why="an operator", planned_at=NOW)}))

    requests = [account.run()[1] for _ in range(5)]

    assert max(requests) <= REQUESTS_A_RUN, requests


@pytest.mark.parametrize(("guards", "looks", "left"), [({7, 9}, 10, 7), ({4, 8, 9, 10}, 12, 3)])
def test_a_run_looks_at_no_more_where_the_next_look_might_need_eight_requests_and_a_gateway_five(
    guards, looks, left
):
    account = Account(20)
    for number, execution in enumerate(tuple(account.book.executions.values())):
        if number in guards:
            account.end_legs(number)
        else:
            account.book.add(execution.model_copy(update={"exit": Exit(why="an operator", planned_at=NOW)}))

    report, requests = account.run()

    # The account's four, five of each exit that waits, two of each guard; what is left is of sixty, less the five.
    assert requests == 4 + (looks - len(guards)) * 5 + len(guards) * 2 == 60 - 5 - left
    assert report.left_for_next == 20 - looks


def test_five_executions_are_looked_at_at_a_time():
    account, at_once = Account(11), Counter()
    for number in range(11):
        account.end_legs(number)

    async def slowly(order_id):
        at_once["now"] += 1
        at_once["most"] = max(at_once["most"], at_once["now"])
        for _ in range(5):
            await asyncio.sleep(0)
        at_once["now"] -= 1
        return account.exchange.orders.get(order_id)

    account.exchange.order = slowly
    account.run()

    assert at_once["most"] == 5


@pytest.mark.parametrize(("before", "told"), [(timedelta(), False), (timedelta(microseconds=1), True)])
def test_an_exit_that_waits_since_before_the_run_leaves_its_position_unprotected(before, told):
    account = Account()
    planned = Exit(why="an operator", planned_at=account.now - before)
    known = account.hold(0, exit=planned)

    report, _ = account.run()

    assert len(account.exchange.asked("cancel")) == 2
    assert report.unprotected_seconds == ([before.total_seconds()] if told else [])
    assert report.problems.get(known.signal_id) == (
        "its exit waits: its orders are being cancelled" if told else None
    )


def test_positions_whose_stops_move_every_minute_keep_nobody_from_his_turn():
    account = Account(200, trail_r=1)
    moves, requests = Counter(), []

    for minute in range(30):
        account.exchange.prices = dict.fromkeys(account.exchange.prices, Decimal(105 + minute))
        requests.append(account.run()[1])
        moves.update(each.rstrip("+") for each in account.exchange.asked("replace"))

    assert len(moves) == 200
    assert max(moves.values()) - min(moves.values()) <= 1, moves
    assert max(requests) <= REQUESTS_A_RUN, requests


def test_a_run_without_time_leaves_everything_to_the_next_one():
    account = Account(3)
    for number in range(3):
        account.end_legs(number)

    report, _ = account.run(seconds_left=_SECONDS_A_LOOK - 0.001)
    after, _ = account.run(seconds_left=_SECONDS_A_LOOK)

    assert (report.looked_at, report.left_for_next) == (0, 3)
    assert (after.looked_at, after.left_for_next) == (3, 0)


def test_an_execution_that_cannot_be_read_stops_no_other_and_the_run_says_so_at_its_end():
    account = Account(3)
    for number in range(3):
        account.end_legs(number)
    account.book.add(account.book.executions[f"{0:024x}"].model_copy(update=WITHOUT_EXITS))

    with pytest.raises(ExceptionGroup) as failed:
        account.run()

    assert [type(error) for error in failed.value.exceptions] == [LookupError]
    covers = [each.protection and each.protection.cover for each in account.book.executions.values()]
    assert covers == [None, Cover.COMPLETE, Cover.COMPLETE]


def test_an_unreadable_execution_that_a_rule_would_judge_stops_no_other_either():
    account = Account(2, trail_r=1)
    account.book.add(account.book.executions[f"{0:024x}"].model_copy(update=WITHOUT_EXITS))
    account.end_legs(1)

    with pytest.raises(ExceptionGroup):
        account.run()

    assert account.book.executions[f"{1:024x}"].protection is not None


def test_one_position_that_the_broker_does_not_tell_of_stops_no_other():
    account = Account(2)
    for number in range(2):
        account.end_legs(number)
    account.exchange.faults["order"] = Ambiguous("timeout")

    report, _ = account.run()

    assert report.unanswered == 1
    assert [each.protection is None for each in account.book.executions.values()] == [True, False]


@pytest.mark.parametrize("method", ["open_orders", "positions", "account", "clock"])
def test_a19_without_a_whole_view_of_the_account_nothing_is_repaired(method):
    account = Account(1)
    account.end_legs(0)
    account.exchange.broken[method] = Ambiguous("timeout")

    report, _ = account.run()

    assert (report.unanswered, report.looked_at) == (1, 0)
    assert account.exchange.asked("submit") == account.exchange.asked("cancel") == []


@pytest.mark.parametrize("method", ["open_orders", "positions", "account", "clock"])
@pytest.mark.parametrize(
    "fault", [Ambiguous("bad gateway", status=502), Throttled("slowly", until=LATER + timedelta(seconds=45))]
)
def test_a_run_that_one_answer_fails_asks_once_more_and_guards_what_is_naked(method, fault):
    account = Account(1)
    account.end_legs(0)
    account.exchange.faults[method] = fault

    report, _ = account.run()

    assert (report.unanswered, report.looked_at) == (0, 1)
    assert len(account.exchange.asked("submit")) == 1


def test_a_run_waits_for_no_broker_that_throttles_for_longer_than_it_has():
    account = Account(1)
    account.exchange.faults["account"] = Throttled("slowly", until=LATER + timedelta(seconds=46))

    report, _ = account.run()

    assert (report.unanswered, report.looked_at) == (1, 0)
    assert account.exchange.asked("account") == ["account"]


def test_an_order_that_the_broker_does_not_show_is_neither_repaired_nor_given_up():
    account = Account(1)
    account.exchange.orders.clear()

    report, _ = account.run()

    assert report.unanswered == 1
    assert account.book.written == []


def test_a_guard_that_was_moved_is_followed_to_the_order_in_its_place():
    account = Account(1)
    account.end_legs(0)
    account.run()
    (known,) = account.book.executions.values()
    guard = account.exchange.orders[known.protection.order_id]
    moved = guard.model_copy(update={"order_id": "moved", "client_order_id": "theirs", "stop_price": Decimal(97)})
    replaced = {"status": OrderStatus.REPLACED, "replaced_by": "moved"}
    account.exchange.add(moved, guard.model_copy(update=replaced))

    report, _ = account.run()

    assert account.exchange.asked("submit") == account.exchange.asked("cancel") == []
    assert report.unprotected_seconds == []


def test_a_positions_guard_is_told_apart_from_one_of_another_protection():
    account = Account()
    known = account.hold(0, protection=Protection(cover=Cover.COMPLETE, attempt=1, order_body={}, order_id="gone"))

    report, _ = account.run()

    assert report.unanswered == 1
    assert account.book.executions[known.signal_id].state is ExecutionState.FILLED


@pytest.mark.parametrize("count", [0, 3])
def test_a06_each_run_writes_its_metrics_also_when_there_is_nothing_to_do(capsys, count):
    account = Account(count)
    written = []

    for _ in range(2):
        wiring = a_wiring(account.book, account.exchange, now=account.now)
        asyncio.run(reconcile(wiring))
        wiring.ports.telemetry.flush()
        written += [json.loads(line) for line in capsys.readouterr().out.splitlines() if "OpenExecutions" in line]

    assert [record["OpenExecutions"] for record in written] == [[count], [count]]
    assert [record["NakedPositionSeconds"] for record in written] == [[0], [0]]
    assert all({"ConservationGap", "Equity", "RepairsMade"} <= set(record) for record in written)
