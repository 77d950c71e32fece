"""Lists to their end, whatever ends a page, and whatever cannot be read in them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from argo import records
from argo.adapters.aws import items
from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.lists import UnreadableRecord
from argo.domain.signal import Ending, SignalOutcome
from tests.contract.one_megabyte import PagesOfOneMegabyte
from tests.contract.workers import BOTH, claim, reach, settle, signals
from tests.deep import deeply
from tests.unit.builders import BAR_TIME, NOW, a_signal

TODAY = f"{NOW:%F}"


@pytest.fixture
def by_size(backend):
    """A backend whose pages end at a megabyte."""
    return replace(backend, dynamodb=PagesOfOneMegabyte(backend.dynamodb))


@pytest.mark.parametrize(("number", "kilobytes"), [(60, 100), deeply((450, 3))])
def test_c08_all_open_executions_are_read_however_many_megabytes_they_are(by_size, number, kilobytes):
    table = by_size.table()
    ledger = by_size.ledger(table)
    first = claim(ledger, a_signal())
    for index in range(number):
        execution = first.model_copy(
            update={
                "signal_id": f"{index:024x}",
                "created_at": NOW + timedelta(seconds=index + 1),
                "detail": {"text": "x" * 1_000 * kilobytes},
            }
        )
        by_size.dynamodb.put_item(TableName=table, Item=items.execution_item(execution))

    found = ledger.open_executions("argo", limit=5_000)

    assert [each.created_at for each in found] == [NOW + timedelta(seconds=index) for index in range(number + 1)]
    assert by_size.dynamodb.pages > 1
    assert found.is_whole


def test_c08_what_is_beyond_a_bound_is_counted(ledger):
    for signal in signals(3):
        claim(ledger, signal)

    found = ledger.open_executions("argo", limit=1)

    assert (len(found), found.left, found.is_whole) == (1, 2, False)


def spoil(backend, table, key, **attributes):
    """Write into a record what a later version might."""
    names = {f"#{name}": name for name in attributes}
    backend.dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


LATER = [
    {"state": {"S": "PARKED"}},
    {"legs": {"L": [{"M": {"order_id": {"S": "1"}, "role": {"S": "third"}, "status": {"S": "new"}}}]}},
    {"lease_until": {"NULL": True}},
    {"side": {"B": b"buy"}},
    {"detail": {"S": "packed"}},
]


@pytest.mark.parametrize("attributes", LATER)
def test_c17_an_execution_of_a_later_version_is_named_and_all_others_are_listed(backend, attributes):
    table = backend.table()
    ledger = backend.ledger(table)
    first, spoilt, last = signals(3)
    executions = [claim(ledger, signal) for signal in (first, spoilt, last)]
    key = items.execution_key(spoilt.signal_id, "argo")
    spoil(backend, table, key, **attributes)

    opened = ledger.open_executions("argo", limit=10)
    of_day = ledger.executions_of("argo", TODAY, limit=10)

    name = f"SIGNAL#{spoilt.signal_id} EXECUTION#argo"
    assert opened == [executions[0], executions[2]]
    assert list(of_day.items) == [executions[2], executions[0]]
    for found in (opened, of_day, ledger.executions(spoilt.signal_id)):
        assert [each.name for each in found.unreadable] == [name]
    with pytest.raises(UnreadableRecord, match=name):
        ledger.execution(spoilt.signal_id, "argo")
    with pytest.raises(UnreadableRecord, match=name):
        ledger.claim(spoilt, "argo", now=NOW + timedelta(hours=1), lease=timedelta(seconds=45))


def test_c17_a_field_that_is_not_known_yet_is_no_obstacle(backend):
    table = backend.table()
    ledger = backend.ledger(table)
    execution = claim(ledger, a_signal())
    spoil(backend, table, items.execution_key(*execution.key), venue={"M": {"name": {"S": "IEX"}}})

    assert ledger.open_executions("argo", limit=10) == [execution]


def test_c17_a_signal_of_a_later_version_is_named_and_all_others_are_listed(backend):
    table = backend.table()
    ledger = backend.ledger(table)
    first, spoilt, last = signals(3)
    for signal in (first, spoilt, last):
        ledger.put_signal(signal, executors=BOTH)
    key = items.signal_key(spoilt.signal_id)
    spoil(backend, table, key, signal={"M": {"schema_version": {"N": "99"}}})

    outbox = ledger.unpublished(limit=10)
    of_day = ledger.signals_of(TODAY, limit=10)
    found = asyncio.run(records.of_days(ledger.port, sorted(BOTH), [TODAY]))

    assert [stored.signal for stored in outbox] == [first, last]
    assert [stored.signal for stored in of_day.items] == [last, first]
    for listed in (outbox, of_day, found):
        assert [each.name for each in listed.unreadable] == [f"SIGNAL#{spoilt.signal_id} SIGNAL"]
    again = ledger.put_signal(spoilt, executors=BOTH)
    assert (again.created, again.stored.awaiting) == (False, frozenset())


def test_c17_a_trading_state_of_a_later_version_counts_as_a_halt(backend):
    table = backend.table()
    ledger = backend.ledger(table)
    ledger.set_trading_state("argo", TradingState.ACTIVE, reason="by hand", now=NOW)
    spoil(backend, table, items.account_key("argo"), trading_state={"S": "PAUSED"}, resumes_on={"S": TODAY})

    account = ledger.account("argo")

    assert (account.trading_state, account.resumes_on, account.version) == (TradingState.HALTED, None, 1)
    assert "PAUSED" in account.state_reason
    assert [each.name for each in account.unreadable] == ["ACCOUNT#argo STATE"]
    ledger.set_trading_state("argo", TradingState.REDUCING, reason="by hand", now=NOW)
    assert ledger.account("argo").trading_state is TradingState.REDUCING


def test_c17_a_symbol_lock_of_a_later_version_is_named_and_the_others_are_read(ministack):
    table = ministack.table()
    ledger = ministack.ledger(table)
    held, spoilt = (reach(ledger, ExecutionState.SUBMITTING, signal) for signal in signals(2))
    spoil(ministack, table, items.symbol_lock_key("argo", spoilt.symbol), side={"S": "straddle"})

    account = ledger.account("argo")

    assert set(account.holdings) == {held.symbol}
    assert [each.name for each in account.unreadable] == [f"ACCOUNT#argo POSITION#{spoilt.symbol}"]
    assert account.reserved_notional == held.reserved_notional + spoilt.reserved_notional


def test_c09_a_withdrawn_signal_leaves_the_outbox_with_its_reasons_once(ledger):
    signal = a_signal()
    stored = ledger.put_signal(signal, executors=BOTH, declined={"third": "market_closed"}).stored

    assert ledger.withdraw(stored, {"argo": "never_sent"})
    assert not ledger.withdraw(stored, {"prop_firm": "never_sent"})
    half = ledger.signal(signal.signal_id)
    assert (half.awaiting, half.declined) == ({"prop_firm"}, {"argo": "never_sent", "third": "market_closed"})
    assert ledger.unpublished(limit=10) == [half]

    assert ledger.withdraw(half, {"prop_firm": "account_not_served"})
    assert ledger.unpublished(limit=10) == []
    assert [each.signal for each in ledger.unjudged(limit=10)] == [signal]
    assert ledger.record_outcome(signal.signal_id, SignalOutcome(ending=Ending.UNSEEN, at=BAR_TIME, bars=0))


def test_c07_how_far_an_account_is_accounted_for_is_kept_and_is_no_part_of_its_state(ledger):
    assert ledger.accounted_until("argo") is None

    ledger.account_until("argo", NOW)
    ledger.account_until("argo", NOW + timedelta(minutes=10))

    assert ledger.accounted_until("argo") == NOW + timedelta(minutes=10)
    assert ledger.accounted_until("prop_firm") is None
    assert ledger.account("argo") == ledger.account("argo").model_copy(update={"holdings": {}, "exits": ()})
    assert ledger.account("argo").version == 0


def test_ended_executions_are_no_part_of_the_open_ones_on_any_page(by_size):
    ledger = by_size.ledger()
    ended, opened = (claim(ledger, signal) for signal in signals(2))
    settle(ledger, ended, ExecutionState.EXPIRED)

    assert ledger.open_executions("argo") == [opened]
