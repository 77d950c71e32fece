from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import Holding
from argo.domain.execution import ExecutionState
from argo.domain.ledger import StoredSignal
from argo.domain.signal import Side
from tests.unit.api.counter import EXECUTORS
from tests.unit.builders import NOW, a_signal, an_account_state

S = ExecutionState
ORDER = "61e69015-8549-4bfd-b9c3-01e75843f47d"
WRITES = ("put_signal", "mark_published", "set_trading_state")


def shelve(counter, number, *states, executor="argo"):
    """Put signals on the shelf, the first the newest, with an execution each where a state is given."""
    made = []
    for index in range(number):
        time = NOW - timedelta(minutes=index)
        signal = a_signal(
            bar_time=time - timedelta(minutes=1), created_at=time, expires_at=time + timedelta(minutes=5)
        )
        stored = StoredSignal(signal, "simulated", frozenset({executor}), frozenset())
        counter.ledger.signals[signal.signal_id] = stored
        if index < len(states) and states[index]:
            order_id = ORDER if states[index].has_order else None
            counter.ledger.execute(signal.signal_id, executor, states[index], order_id=order_id, created_at=time)
        made.append(signal.signal_id)
    return made


def ids(body):
    return [each["signal"]["signal_id"] for each in body["signals"]]


def test_signals_come_newest_first_page_by_page(counter):
    made = shelve(counter, 5)

    pages, token = [], ""
    while token is not None:
        status, body = counter.ask("GET", f"/api/v1/signals?limit=2&day=2026-03-02&token={token}")
        assert status == 200
        pages.append(ids(body))
        token = body["next_token"]

    assert pages == [made[:2], made[2:4], made[4:]]


def test_a_day_is_today_unless_another_is_asked_for(counter):
    made = shelve(counter, 1)

    assert ids(counter.ask("GET", "/api/v1/signals")[1]) == made
    assert ids(counter.ask("GET", "/api/v1/signals?day=2026-03-01")[1]) == []


def test_signals_in_a_state_are_found_across_pages(counter):
    made = shelve(counter, 6, S.FILLED, S.DENIED, None, S.FILLED, S.DENIED, S.FILLED)

    status, body = counter.ask("GET", "/api/v1/signals?limit=2&status=FILLED")

    assert (status, ids(body)) == (200, [made[0], made[3]])
    assert ids(counter.ask("GET", f"/api/v1/signals?limit=2&status=FILLED&token={body['next_token']}")[1]) == [
        made[5]
    ]


def test_a_rare_state_ends_a_request_before_the_day_does(counter):
    shelve(counter, 30)

    status, body = counter.ask("GET", "/api/v1/signals?limit=2&status=FILLED")

    assert (status, ids(body), body["next_token"]) == (200, [], "10")


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("token=nonsense", "token"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=DONE", "status"),
        ("day=yesterday", "day"),
        ("day=2026-13-01", "day"),
        (f"token={'x' * 1_001}", "token"),
    ],
)
def test_a_wrong_parameter_is_named(counter, query, wrong):
    status, body = counter.ask("GET", f"/api/v1/signals?{query}")

    assert status == 400
    assert [each["loc"][:2] for each in body["errors"]] == [["query", wrong]]


def test_one_signal_has_the_whole_record(counter):
    (signal_id,) = shelve(counter, 1, S.FILLED)

    status, body = counter.ask("GET", f"/api/v1/signals/{signal_id}")

    (execution,) = body["executions"]
    assert (status, body["signal"]["signal_id"], body["published_to"]) == (200, signal_id, ["argo"])
    assert (execution["order_id"], execution["client_order_id"][:5]) == (ORDER, "argo-")
    assert execution["history"]


@pytest.mark.parametrize(
    ("signal_id", "status", "error"), [("f" * 24, 404, "unknown_signal"), ("none", 400, "invalid_request")]
)
def test_a_signal_that_is_not_there_is_said_to_be_so(counter, signal_id, status, error):
    found, body = counter.ask("GET", f"/api/v1/signals/{signal_id}")

    assert (found, body["error"]) == (status, error)


def test_a10_every_figure_of_the_status_is_computed_from_the_records(counter):
    shelve(counter, 4, S.FILLED, S.DENIED, None, S.REJECTED)
    held = Holding("f" * 24, Side.BUY, Decimal(1_500), Decimal(50), NOW)
    counter.ledger.accounts["argo"] = an_account_state(
        equity=Decimal(98_000),
        day_start_equity=Decimal(100_000),
        trading_day=NOW.date(),
        observed_at=NOW,
        holdings={"AAPL": held},
    )

    status, body = counter.ask("GET", "/api/v1/trading/status")

    argo, prop_firm = body["accounts"]
    names = (
        "signals",
        "orders",
        "unresolved",
        "gap",
        "oldest_unresolved_seconds",
        "execution_rate",
        "plain_share",
    )
    assert (status, body["mode"]) == (200, "simulated")
    assert [argo[name] for name in names] == [4, 1, 1, 0, 120, pytest.approx(1 / 3), 0.25]
    assert [prop_firm[name] for name in names] == [0, 0, 0, 0, 0, None, None]
    assert (argo["equity"], argo["day_profit"], argo["last_heartbeat"]) == (
        "98000",
        "-2000",
        "2026-03-02T15:01:05Z",
    )
    assert next((each["name"], each["used"], each["level"]) for each in argo["limits"]) == (
        "daily_loss",
        "2000",
        "ok",
    )
    assert [(each["symbol"], each["notional"]) for each in argo["positions"]] == [("AAPL", "1500")]
    assert prop_firm["last_heartbeat"] is None


def test_a09_reading_never_writes_and_never_invents(counter):
    for name in WRITES:
        setattr(counter.ledger, name, None)

    for path in ("/health", "/openapi.json", "/api/v1/trading/status", "/api/v1/signals"):
        assert counter.ask("GET", path)[0] == 200

    assert counter.ask("GET", "/api/v1/signals")[1]["signals"] == []
    assert [len(counter.queues[name]) for name in EXECUTORS] == [0, 0]
