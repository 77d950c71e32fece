"""From when a position is unprotected, and for how long: on the record and in the run's report."""

import asyncio
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous
from argo.domain.placements import Cover, Fill, Protection
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.run import reconcile
from tests.unit.builders import NOW
from tests.unit.reconciliation.in_memory import AN_HOUR, Book, Exchange, a_wiring
from tests.unit.reconciliation.positions import (
    COIN,
    HELD,
    LATER,
    a_stop,
    a_target,
    an_entry,
    an_order,
    ended,
    held,
    held_simply,
)

SECONDS = (LATER - NOW).total_seconds()
A_SHARE = Symbol("AAPL")
OF_ANY_SIZE = pytest.mark.parametrize(
    ("symbol", "quantity"),
    [(COIN, "0.5"), (COIN, "0.00000002"), (COIN, "12"), (A_SHARE, "0.25"), (A_SHARE, "1"), (A_SHARE, "12.5")],
)


@pytest.fixture
def exchange():
    return Exchange(prices={COIN: Decimal(100), A_SHARE: Decimal(100)})


@pytest.fixture
def book():
    return Book()


def hold(book: Book, exchange: Exchange, symbol: Symbol, quantity: Decimal) -> None:
    """Hold what an entry without exits has bought."""
    exchange.add(an_entry(quantity=quantity).model_copy(update={"symbol": symbol}))
    exchange.held[symbol] = quantity
    fill = Fill(order_id="entry", leg="entry", quantity=quantity, price=Decimal(100), at=NOW)
    book.add(held_simply(symbol, fills=(fill,)))


def run(book: Book, exchange: Exchange):
    return asyncio.run(reconcile(a_wiring(book, exchange, now=LATER)))


@OF_ANY_SIZE
def test_a16_however_little_is_held_it_is_unprotected_from_its_fill_until_it_is_guarded(
    book, exchange, symbol, quantity
):
    hold(book, exchange, symbol, Decimal(quantity))

    report = run(book, exchange)

    unprotected, *_, guarded = book.protections
    assert (unprotected.cover, unprotected.naked_since) == (Cover.NONE, NOW)
    assert (guarded.cover, guarded.naked_since) == (Cover.COMPLETE, None)
    assert report.unprotected_seconds == [SECONDS]
    assert report.repairs == {"guarded": 1}
    assert book.executions.keys().isdisjoint(report.problems)


def test_a16_an_entry_that_is_seen_filled_for_the_first_time_is_unprotected_since_its_fill(book, exchange):
    hold(book, exchange, COIN, Decimal("0.5"))
    book.add(held_simply(COIN, state=ExecutionState.SUBMITTED, fills=()))

    report = run(book, exchange)

    assert report.unprotected_seconds == [SECONDS]
    assert book.protections[0].naked_since == NOW


def test_b08_a_part_of_an_entry_that_still_works_is_not_unprotected_yet(book, exchange):
    part = an_order(
        "entry", Side.BUY, quantity=HELD, filled_quantity=Decimal(5), filled_average_price=Decimal(100)
    )
    exchange.add(part.model_copy(update={"filled_at": LATER}))
    exchange.held[A_SHARE] = Decimal(5)
    book.add(held(state=ExecutionState.SUBMITTED, fills=(), legs=(), expires_at=LATER + AN_HOUR))

    report = run(book, exchange)

    (known,) = book.executions.values()
    assert known.state is ExecutionState.PARTIALLY_FILLED
    assert (report.unprotected_seconds, book.protections) == ([], [])


@OF_ANY_SIZE
def test_a16_however_little_is_held_it_stays_unprotected_while_the_broker_is_silent(
    book, exchange, symbol, quantity
):
    exchange.broken["submit"] = Ambiguous("timeout")
    hold(book, exchange, symbol, Decimal(quantity))

    reports = [run(book, exchange) for _ in range(2)]

    assert [report.unprotected_seconds for report in reports] == [[SECONDS], [SECONDS]]
    (known,) = book.executions.values()
    assert (known.protection.cover, known.protection.naked_since) == (Cover.NONE, NOW)
    # Unprotected once, and about to be sent twice.
    assert [each.sent_at for each in book.protections] == [None, LATER, LATER]


@pytest.mark.parametrize("guarded_by", ["its bracket", "its guard"])
def test_a16_a_position_that_was_guarded_is_unprotected_from_when_that_is_seen(book, exchange, guarded_by):
    bracket = guarded_by == "its bracket"
    legs = (ended(a_target()), ended(a_stop())) if bracket else ()
    exchange.add(an_entry(Side.BUY, HELD, *legs), ended(an_order("guard", Side.SELL, stop_price=Decimal(95))))
    exchange.held[A_SHARE] = HELD
    guard = Protection(cover=Cover.COMPLETE, attempt=1, order_body={}, order_id="guard")
    book.add(held() if bracket else held_simply(A_SHARE, protection=guard))

    report = run(book, exchange)

    assert book.protections[0].naked_since == LATER
    assert report.unprotected_seconds == [0]
