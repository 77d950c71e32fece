"""The ledger's items as DynamoDB keeps them: keys, lists, numbers, and an account read whole or not at all."""

from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from argo.adapters.aws import items
from argo.adapters.aws.account_items import account_state
from argo.domain.signal import Ending, SignalOutcome
from tests.unit.builders import NOW, a_signal, a_trade_exit, a_vote, an_execution

SIGNAL = a_signal(votes=(a_vote(), a_vote(source="momentum")))
ID = SIGNAL.signal_id
EVENING = NOW.astimezone(timezone(timedelta(hours=-5)))


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (True, {"BOOL": True}),
        ("text", {"S": "text"}),
        (75.3, {"N": "75.3"}),
        (12, {"N": "12"}),
        (Decimal("0.5"), {"N": "0.5"}),
        ({"a": 1}, {"M": {"a": {"N": "1"}}}),
        ([1, None, "b"], {"L": [{"N": "1"}, {"S": "b"}]}),
        ((1,), {"L": [{"N": "1"}]}),
        ({"b", "a"}, {"SS": ["a", "b"]}),
        (frozenset({"a"}), {"SS": ["a"]}),
    ],
)
def test_a_plain_value_is_written_with_its_type(value, typed):
    assert items.encode({"value": value}) == {"value": typed}


def test_what_is_none_is_left_out_and_what_is_of_no_type_is_refused():
    assert items.encode({"value": None, "map": {"inner": None}}) == {"map": {"M": {}}}
    with pytest.raises(TypeError):
        items.encode({"value": object()})
    with pytest.raises(TypeError):
        items.decode({"value": {"B": b"bytes"}})


def test_numbers_are_read_as_they_are_meant():
    read = items.decode(
        {"whole": {"N": "12.0"}, "part": {"N": "0.5"}, "list": {"L": [{"N": "1"}, {"BOOL": False}]}}
    )

    assert read == {"whole": 12, "part": Decimal("0.5"), "list": [1, False]}
    assert (type(read["whole"]), type(read["part"])) == (int, Decimal)
    assert items.decode({"set": {"SS": ["b", "a"]}, "map": {"M": {"x": {"S": "y"}}}}) == {
        "set": {"a", "b"},
        "map": {"x": "y"},
    }


def test_every_key_says_what_it_is_of():
    assert items.signal_key(ID) == {"PK": {"S": f"SIGNAL#{ID}"}, "SK": {"S": "SIGNAL"}}
    assert items.execution_key(ID, "argo") == {"PK": {"S": f"SIGNAL#{ID}"}, "SK": {"S": "EXECUTION#argo"}}
    assert items.account_key("argo") == {"PK": {"S": "ACCOUNT#argo"}, "SK": {"S": "STATE"}}
    assert items.symbol_lock_key("argo", "AAPL") == {"PK": {"S": "ACCOUNT#argo"}, "SK": {"S": "POSITION#AAPL"}}
    assert items.work_list("argo") == "EXECUTOR#argo"
    assert items.signals_partition("2026-03-02") == "SIGNALS#2026-03-02"
    assert items.executions_partition("argo", "2026-03-02") == "EXECUTIONS#argo#2026-03-02"


@pytest.mark.parametrize("executors", [frozenset(), frozenset({"argo", "prop_firm"})])
def test_a_signal_is_in_its_days_list_and_in_one_work_list(executors):
    item = items.signal_item(SIGNAL, mode="simulated", executors=executors, declined={"other": "why"})

    read = items.decode(item)
    assert read["work_list"] == ("OUTBOX" if executors else "UNJUDGED")
    assert read.get("awaiting", set()) == executors
    assert (read["time_partition"], read["mode"]) == ("SIGNALS#2026-03-02", "simulated")
    assert read["time_sort"] == f"{read['waiting_since']}#{ID}" == f"2026-03-02T15:01:05.000000Z#{ID}"
    assert read["content_sha256"] == SIGNAL.content_sha256()
    stored = items.stored_signal(item)
    assert (stored.signal, stored.awaiting, stored.published_to) == (SIGNAL, executors, frozenset())
    assert (stored.declined, stored.outcome) == ({"other": "why"}, None)


def test_a_signal_that_nobody_declined_has_no_such_attribute():
    assert "declined" not in items.signal_item(SIGNAL, mode="simulated", executors=frozenset({"argo"}))


def test_a_signals_outcome_is_read_with_it():
    ended = SignalOutcome(ending=Ending.STOP, at=NOW, bars=3, price=Decimal(95), realised_r=Decimal(-1))
    item = items.signal_item(SIGNAL, mode="simulated", executors=frozenset())

    stored = items.stored_signal(item | items.encode({"outcome": ended, "published_to": {"argo"}}))

    assert (stored.outcome, stored.published_to) == (ended, {"argo"})


def test_an_execution_is_read_as_it_was_written_and_is_in_its_days_list():
    known = an_execution(reserved_notional=Decimal("1200.5"), created_at=EVENING)

    item = items.execution_item(known)

    read = items.decode(item)
    assert items.execution(item) == known
    assert (read["time_partition"], read["work_list"]) == ("EXECUTIONS#argo#2026-03-02", "EXECUTOR#argo")
    assert read["waiting_since"] == "2026-03-02T15:01:05.000000Z"
    assert read["lease_until"] == "2026-03-02T15:02:35.000000Z"
    assert read["time_sort"] == f"{read['waiting_since']}#{known.signal_id}"


LOCK = items.symbol_lock_key("argo", "AAPL") | items.encode(
    {
        "signal_id": ID,
        "side": "buy",
        "notional": Decimal(1000),
        "risk": Decimal(50),
        "since": "2026-03-02T15:00:00Z",
    }
)


def state(*held):
    return items.account_key("argo") | items.encode({"version": 4, "held": set(held) or None})


def test_an_account_is_read_with_its_locks_and_its_trades():
    ended = a_trade_exit()
    partition = [items.trade_exit_item("argo", ended), LOCK, state(f"AAPL#{ID}")]

    found = account_state("argo", partition)

    assert found is not None
    assert (found.executor, found.version, found.exits) == ("argo", 4, (ended,))
    assert found.holdings["AAPL"].signal_id == ID
    assert partition[0]["SK"]["S"].startswith(items.ended_since(ended.at))


@pytest.mark.parametrize("partition", [[LOCK], [LOCK, state()], [state(f"AAPL#{ID}")], [LOCK, state("MSFT#x")]])
def test_an_account_whose_locks_are_not_those_it_knows_is_read_again(partition):
    assert account_state("argo", partition) is None


def test_an_account_without_items_is_a_fresh_one():
    found = account_state("argo", [])

    assert found is not None
    assert (found.executor, found.version, found.holdings, found.exits) == ("argo", 0, {}, ())
