import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.placements import Fill
from tests.contract.workers import BOTH, an_intent, claim, intend, reach, reserved, settle, signals
from tests.unit.builders import NOW, a_signal

TODAY = NOW.date().isoformat()
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
LONG = Decimal("1234567890123456789.123456789")


def walk(listing, *args, **options):
    """Follow a listing's pages to the end."""
    page = listing(*args, **options)
    while True:
        yield page
        if page.next_token is None:
            return
        page = listing(*args, **options, token=page.next_token)


def test_a_days_signals_are_listed_newest_first_page_by_page(ledger):
    oldest_first = signals(5)
    for signal in (*oldest_first[2:], *oldest_first[:2]):
        ledger.put_signal(signal, executors=BOTH)

    pages = list(walk(ledger.signals_of, TODAY, limit=2))

    assert [len(page.items) for page in pages] == [2, 2, 1]
    listed = [stored.signal for page in pages for stored in page.items]
    assert listed == oldest_first[::-1]
    assert [stored.signal for stored in ledger.signals_of(TODAY, limit=5).items] == listed


def test_a_day_is_the_day_of_creation_in_utc(ledger):
    late = a_signal(created_at=MIDNIGHT - timedelta(microseconds=1), expires_at=MIDNIGHT + timedelta(minutes=5))
    early = a_signal(symbol="MSFT", created_at=MIDNIGHT, expires_at=MIDNIGHT + timedelta(minutes=5))
    for signal in (late, early):
        ledger.put_signal(signal, executors=BOTH)
        claim(ledger, signal)

    days = ("2026-03-02", "2026-03-03", "2026-03-04")

    found = [[stored.signal for stored in ledger.signals_of(day, limit=10).items] for day in days]
    assert found == [[late], [early], []]
    executed = [[one.signal_id for one in ledger.executions_of("argo", day, limit=10).items] for day in days]
    assert executed == [[late.signal_id], [early.signal_id], []]


def test_an_accounts_executions_of_a_day_are_listed_newest_first_ended_ones_too(ledger):
    executions = [claim(ledger, signal) for signal in signals(3)]
    claim(ledger, a_signal(), "prop_firm")
    executions[1] = settle(ledger, executions[1], ExecutionState.DENIED)

    pages = list(walk(ledger.executions_of, "argo", TODAY, limit=2))

    assert [execution for page in pages for execution in page.items] == executions[::-1]
    assert [len(page.items) for page in pages] == [2, 1]


def test_open_executions_are_listed_oldest_first_up_to_a_limit(ledger):
    oldest, ended, newest = [claim(ledger, signal) for signal in reversed(signals(3))][::-1]
    settle(ledger, ended, ExecutionState.EXPIRED)

    assert ledger.open_executions("argo", limit=10) == [oldest, newest]
    assert ledger.open_executions("argo", limit=1) == [oldest]


def foreign_token(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "token",
    ["nonsense", "###", "\\N{SNOWMAN}", foreign_token("[1]"), foreign_token("7"), foreign_token("not json")],
)
def test_a_token_that_is_no_page_token_is_a_value_error(ledger, token):
    with pytest.raises(ValueError, match="not a page token"):
        ledger.signals_of(TODAY, limit=2, token=token)
    with pytest.raises(ValueError, match="not a page token"):
        ledger.executions_of("argo", TODAY, limit=2, token=token)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '{"PK": {"S": "SIGNAL#1"}}', '{"PK": {"S": 7}, "SK": {"S": "SIGNAL"}}']
)
def test_a_forged_page_token_is_a_value_error(faithful, text):
    ledger = faithful.ledger()
    for signal in signals(3):
        ledger.put_signal(signal, executors=BOTH)

    with pytest.raises(ValueError, match="not a page token"):
        ledger.signals_of(TODAY, limit=2, token=foreign_token(text))


@pytest.mark.transaction
def test_money_comes_back_to_the_last_digit(ledger):
    fill = Fill(
        order_id="1",
        leg="entry",
        quantity=Decimal("123456789012345678.123456789"),
        price=Decimal("123456789.123456789"),
        at=NOW,
    )
    learnt = Settlement(fills=(fill,), realised_profit=-LONG)

    closed = ledger.settle(reach(ledger, ExecutionState.SUBMITTED), ExecutionState.CLOSED, learnt, now=NOW)

    stored = ledger.execution(*closed.key)
    assert stored == closed
    assert (stored.realised_profit, stored.fills[0].quantity) == (-LONG, fill.quantity)
    assert stored.fills[0].price == fill.price


@pytest.mark.transaction
def test_an_order_body_is_stored_as_it_is_sent(ledger):
    body = {"qty": "0.30", "take_profit": {"limit_price": "110.10"}, "extended_hours": False, "legs": [1, "2"]}

    execution = claim(ledger)
    intent = an_intent(execution, order_body=body)
    intended = ledger.intend(execution, intent, account=ledger.account("argo"), now=NOW)

    assert ledger.execution(*intended.key).order_body == body


@pytest.mark.transaction
def test_reservations_are_exact_to_28_digits_and_return_to_nothing(faithful):
    ledger = faithful.ledger()
    amounts = [Decimal("0.1"), Decimal("0.2"), LONG]
    intended = [
        intend(ledger, claim(ledger, signal), notional=amount, risk=amount)
        for signal, amount in zip(signals(3), amounts, strict=True)
    ]

    assert reserved(ledger) == (LONG + Decimal("0.3"),) * 2
    for execution, amount in zip(intended, amounts, strict=True):
        stored = ledger.execution(*execution.key)
        assert (stored.reserved_notional, stored.reserved_risk) == (amount, amount)
        settle(ledger, stored, ExecutionState.REJECTED, release=Release.RESERVATION)
    assert reserved(ledger) == (0, 0)


def test_times_come_back_to_the_microsecond(ledger):
    odd = timedelta(microseconds=654_321)
    signal = a_signal(created_at=NOW + odd, expires_at=NOW + timedelta(minutes=5) + odd)

    ledger.put_signal(signal, executors=BOTH)
    execution = claim(ledger, signal, now=NOW + 2 * odd)

    assert ledger.signal(signal.signal_id).signal == signal
    stored = ledger.execution(*execution.key)
    assert (stored.created_at, stored.expires_at) == (signal.created_at, signal.expires_at)
    assert (stored.updated_at, stored.history[0].at) == (NOW + 2 * odd, NOW + 2 * odd)
    assert stored.lease_until == execution.lease_until


def test_a03_the_mode_is_stored_on_every_record_and_stays(ledgers):
    table = ledgers.table()
    paper, live = ledgers.ledger(table, mode="paper"), ledgers.ledger(table, mode="live")

    paper.put_signal(a_signal(), executors=BOTH)
    execution = claim(paper)

    assert live.put_signal(a_signal(), executors=BOTH).stored.mode == "paper"
    assert live.signal(a_signal().signal_id).mode == "paper"
    assert settle(live, execution, ExecutionState.DENIED).mode == "paper"
    assert live.execution(*execution.key).mode == "paper"
