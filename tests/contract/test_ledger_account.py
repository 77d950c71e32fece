"""The account's partition: its state, its symbol locks and its recent exits, read together."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from argo.adapters.aws import items
from argo.adapters.aws.ledger import DynamoLedger
from argo.domain.account import Holding, TradeExit, TradingState
from argo.domain.execution import ExecutionState
from argo.domain.ledger import LostLease, Release, ReservationConflict, Settlement
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.contract.backends import Plain
from tests.contract.workers import MINUTE, SECOND, claim, intend, reach, settle, signals
from tests.unit.builders import NOW, a_signal

MICROSECOND = timedelta(microseconds=1)
ELSEWHERE = a_signal(symbol=Symbol("MSFT"))


def an_exit(signal, at, profit="-12.34", leg="stop_loss"):
    return TradeExit(signal.signal_id, signal.symbol, leg, Decimal(profit), at)


def close(ledger, signal, at, **fields):
    """Lead a signal's trade to its end, with the item that says so."""
    ended = an_exit(signal, at, **fields)
    learnt = Settlement(trade_exit=ended, release=Release.RESERVATION_AND_SYMBOL)
    ledger.settle(reach(ledger, ExecutionState.SUBMITTED, signal), ExecutionState.CLOSED, learnt, now=at)
    return ended


class Counted:
    """A DynamoDB client that names the requests that go through it, and lets some be answered otherwise."""

    def __init__(self, client, answers=()):
        self._client = client
        self.answers = list(answers)
        self.requests = []

    def __getattr__(self, name):
        ask = getattr(self._client, name)

        def counted(**request):
            self.requests.append(name)
            return self.answers.pop(0) if self.answers else ask(**request)

        return counted


@pytest.mark.transaction
def test_an_account_comes_with_its_locks_as_they_were_reserved(ledger):
    long, short = a_signal(), a_signal(symbol=Symbol("MSFT"), side=Side.SELL)
    intend(ledger, claim(ledger, long), notional="1000.000000001", risk="0.1", now=NOW)
    intend(ledger, claim(ledger, short), notional=2000, risk=20, now=NOW + MICROSECOND)

    account = ledger.account("argo")

    assert account.holdings == {
        "AAPL": Holding(long.signal_id, Side.BUY, Decimal("1000.000000001"), Decimal("0.1"), NOW),
        "MSFT": Holding(short.signal_id, Side.SELL, Decimal(2000), Decimal(20), NOW + MICROSECOND),
    }
    assert account.reserved_notional == sum(held.notional for held in account.holdings.values())
    assert ledger.account("prop_firm").holdings == {}


@pytest.mark.transaction
def test_a_pairs_lock_keeps_its_slash(ledger):
    intend(ledger, claim(ledger, a_signal(symbol=Symbol("BTCUSD"))))

    assert set(ledger.account("argo").holdings) == {"BTC/USD"}


@pytest.mark.transaction
def test_a_lock_outlives_its_reservation_and_goes_with_the_symbol(ledger):
    submitted = reach(ledger, ExecutionState.SUBMITTED)

    filled = settle(ledger, submitted, ExecutionState.FILLED, release=Release.RESERVATION)
    held = ledger.account("argo")
    settle(ledger, filled, ExecutionState.CLOSED, release=Release.RESERVATION_AND_SYMBOL)
    free = ledger.account("argo")

    assert (held.reserved_notional, held.holdings["AAPL"].notional) == (0, 1000)
    assert (free.reserved_notional, free.holdings) == (0, {})


def test_locks_and_recent_exits_come_with_one_request(backend):
    table = backend.table()
    client = Counted(backend.dynamodb)
    ledger = Plain(DynamoLedger(client, table, mode="simulated", calls=backend.calls))
    ended = close(ledger, ELSEWHERE, NOW)
    intend(ledger, claim(ledger))
    client.requests.clear()

    account = ledger.account("argo", exits_since=NOW - MINUTE)

    assert client.requests == ["query"]
    assert (set(account.holdings), account.exits, account.version) == ({"AAPL"}, (ended,), 3)


def test_an_account_of_many_pages_is_read_to_its_end(backend):
    table = backend.table()
    ledger = backend.ledger(table)
    close(ledger, ELSEWHERE, NOW)
    padding = "x" * 390_000
    for number in range(4):
        item = items.trade_exit_item("argo", an_exit(ELSEWHERE, NOW + number * SECOND))
        backend.dynamodb.put_item(TableName=table, Item=item | items.encode({"padding": padding}))
    intend(ledger, claim(ledger))

    account = ledger.account("argo", exits_since=NOW - MINUTE)

    assert (len(account.exits), set(account.holdings)) == (4, {"AAPL"})


@pytest.mark.transaction
@pytest.mark.parametrize(
    ("since", "found"),
    [
        (timedelta(), 3),
        (MICROSECOND, 2),
        (SECOND, 2),
        (SECOND + MICROSECOND, 1),
        (MINUTE, 1),
        (MINUTE + MICROSECOND, 0),
    ],
)
def test_exits_are_those_at_a_time_or_after_it_oldest_first(ledger, since, found):
    ended = [
        close(ledger, signal, NOW + after)
        for signal, after in zip(signals(3), (MINUTE, timedelta(), SECOND), strict=True)
    ]

    account = ledger.account("argo", exits_since=NOW + since)

    in_order = sorted(ended, key=lambda trade: trade.at)
    assert list(account.exits) == in_order[3 - found :]


@pytest.mark.transaction
def test_without_a_time_no_exits_are_read(ledger):
    close(ledger, ELSEWHERE, NOW)

    assert ledger.account("argo").exits == ()


@pytest.mark.transaction
def test_a_closed_trade_leaves_its_exit_with_the_money_to_the_last_digit(ledger):
    ended = close(ledger, ELSEWHERE, NOW + MICROSECOND, profit="-1234567.123456789", leg="exit")

    assert ledger.account("argo", exits_since=NOW).exits == (ended,)
    assert ledger.account("prop_firm", exits_since=NOW).exits == ()


@pytest.mark.transaction
def test_a_trade_that_somebody_else_closed_first_leaves_no_second_exit(ledger):
    submitted = reach(ledger, ExecutionState.SUBMITTED)
    first, second = (an_exit(a_signal(), NOW + after) for after in (SECOND, MINUTE))
    learnt = Settlement(trade_exit=first, release=Release.RESERVATION_AND_SYMBOL)
    ledger.settle(submitted, ExecutionState.CLOSED, learnt, now=NOW)

    with pytest.raises(LostLease):
        ledger.settle(submitted, ExecutionState.CLOSED, replace(learnt, trade_exit=second), now=NOW)

    assert ledger.account("argo", exits_since=NOW).exits == (first,)


def lock_item(signal=ELSEWHERE, executor="argo"):
    lock = {
        "signal_id": signal.signal_id,
        "side": "buy",
        "notional": "10",
        "risk": "1",
        "since": "2026-03-02T15:00:00Z",
    }
    return items.symbol_lock_key(executor, signal.symbol) | items.encode(lock)


def partition(backend, table):
    key = items.encode({":partition": items.account_partition("argo")})
    return backend.dynamodb.query(
        TableName=table, KeyConditionExpression="PK = :partition", ExpressionAttributeValues=key
    )


def without(answer, prefix):
    """Return a query's answer as it was before a transaction had reached some of its items."""
    return answer | {"Items": [item for item in answer["Items"] if not item["SK"]["S"].startswith(prefix)]}


@pytest.mark.parametrize(
    "missing", ["POSITION#", "STATE"], ids=["a state without its lock", "a lock without a state"]
)
def test_b12_a_reader_that_meets_half_an_intent_reads_again(backend, missing):
    table = backend.table()
    intend(backend.ledger(table), claim(backend.ledger(table)))
    half = without(partition(backend, table), missing)
    client = Counted(backend.dynamodb, [half, half])
    reader = Plain(DynamoLedger(client, table, mode="simulated", calls=backend.calls))

    account = reader.account("argo")

    assert client.requests == ["query"] * 3
    assert (account.version, account.reserved_notional, set(account.holdings)) == (1, 1000, {"AAPL"})


def test_b12_a_reader_that_meets_half_of_a_symbols_change_of_hands_reads_again(backend):
    """The old holder's lock and the new holder's state name the same symbol and are still not one account."""
    table = backend.table()
    ledger = backend.ledger(table)
    first = reach(ledger, ExecutionState.SUBMITTED)
    (old_lock,) = [item for item in partition(backend, table)["Items"] if item["SK"]["S"] == "POSITION#AAPL"]
    settle(ledger, first, ExecutionState.CLOSED, release=Release.RESERVATION_AND_SYMBOL)
    rival = a_signal(strategy="rival")
    intend(ledger, claim(ledger, rival))
    whole = partition(backend, table)
    torn = without(whole, "POSITION#") | {}
    torn["Items"] = [old_lock, *torn["Items"]]
    client = Counted(backend.dynamodb, [torn])
    reader = Plain(DynamoLedger(client, table, mode="simulated", calls=backend.calls))

    account = reader.account("argo")

    assert client.requests == ["query"] * 2
    assert account.holdings["AAPL"].signal_id == rival.signal_id


def test_b12_a_partition_that_stays_torn_is_no_account(backend):
    table = backend.table()
    ledger = backend.ledger(table)
    intend(ledger, claim(ledger))
    backend.dynamodb.put_item(TableName=table, Item=lock_item())

    with pytest.raises(ReservationConflict):
        ledger.account("argo")

    backend.dynamodb.delete_item(TableName=table, Key=items.symbol_lock_key("argo", ELSEWHERE.symbol))
    assert set(ledger.account("argo").holdings) == {"AAPL"}


@pytest.mark.transaction
def test_orders_of_a_minute_are_counted_by_its_intents(ledger):
    later = NOW.replace(second=0) + MINUTE
    first, second, third = signals(3)
    intend(ledger, claim(ledger, first), now=NOW)
    intend(ledger, claim(ledger, second), now=NOW + SECOND)
    two = ledger.account("argo")
    intend(ledger, claim(ledger, third), now=later)
    one = ledger.account("argo")

    assert (two.rate_minute, two.orders_in_minute(NOW)) == (NOW.replace(second=0), 2)
    assert (one.orders_in_minute(later), one.orders_in_minute(NOW)) == (1, 0)


@pytest.mark.transaction
def test_an_order_that_was_withdrawn_still_counts_into_its_minute(ledger):
    intended = intend(ledger, claim(ledger))
    settle(ledger, intended, ExecutionState.CLAIMED, release=Release.RESERVATION_AND_SYMBOL)

    assert ledger.account("argo").orders_in_minute(NOW) == 1


def test_a_halt_keeps_the_day_on_which_it_ends_and_the_next_state_forgets_it(ledger):
    ledger.set_trading_state(
        "argo", TradingState.HALTED, reason="daily loss", now=NOW, resumes_on=date(2026, 3, 3)
    )
    halted = ledger.account("argo")
    ledger.set_trading_state("argo", TradingState.HALTED, reason="by hand", now=NOW)
    by_hand = ledger.account("argo")

    assert (halted.trading_state, halted.resumes_on, halted.version) == ("HALTED", date(2026, 3, 3), 1)
    assert (by_hand.state_reason, by_hand.resumes_on, by_hand.version) == ("by hand", None, 2)


def test_a_state_that_somebody_set_since_it_was_read_stands(ledger):
    ledger.set_trading_state("argo", TradingState.HALTED, reason="daily loss", now=NOW)
    read = ledger.account("argo")
    ledger.set_trading_state("argo", TradingState.HALTED, reason="by hand", now=NOW + timedelta(minutes=1))

    done = ledger.set_trading_state("argo", TradingState.ACTIVE, reason="a new day", now=NOW, read=read)

    assert not done
    assert ledger.account("argo").state_reason == "by hand"
