import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import Execution
from argo.domain.faults import Ambiguous, Duplicate, Refused
from argo.domain.folding import MOST_EARLIER
from argo.domain.orders import BrokerOrder
from argo.domain.placements import Cover, Protection
from argo.domain.reasons import RejectionReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.guarding import Guardian
from reconciliation.repair import Guard
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_broker_order
from tests.unit.reconciliation.in_memory import Book, Exchange
from tests.unit.reconciliation.positions import COIN, LATER, held, held_simply

PAIR = Guard(Decimal(5), Decimal(95), Decimal(110))
ALONE = Guard(Decimal("0.25"), Decimal(95), None)
FIRST = f"argo-argo-{held().signal_id}-guard"
DAY = timedelta(days=1)
NAKED = Protection(cover=Cover.NONE, naked_since=NOW)


@pytest.fixture
def exchange():
    return Exchange()


@pytest.fixture
def book():
    return Book()


def guard(
    book: Book,
    exchange: Exchange,
    execution: Execution | None = None,
    wanted: Guard = PAIR,
    ended: Sequence[BrokerOrder] = (),
) -> Execution:
    guardian = Guardian(book, exchange, SteppedClock(LATER))
    return asyncio.run(guardian.guard(execution or held(protection=NAKED), wanted, naked_since=NOW, ended=ended))


def test_a16_a_guard_is_on_the_record_before_it_is_sent_and_covers_once_it_is_accepted(book, exchange):
    guarded = guard(book, exchange)

    intended, accepted = book.protections
    assert (intended.cover, intended.order_id, intended.naked_since) == (Cover.NONE, None, NOW)
    assert intended.order_body is not None
    assert (accepted.cover, accepted.order_id, accepted.naked_since) == (Cover.COMPLETE, FIRST, None)
    assert guarded.protection == accepted


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_b08_a_pair_of_exits_is_an_oco_until_cancelled(book, exchange, side):
    guarded = guard(book, exchange, held(side, protection=NAKED))

    assert guarded.protection.order_body == {
        "symbol": "AAPL",
        "side": str(side.opposite),
        "qty": "5",
        "type": "limit",
        "order_class": "oco",
        "time_in_force": "gtc",
        "take_profit": {"limit_price": "110"},
        "stop_loss": {"stop_price": "95"},
        "client_order_id": FIRST,
    }


def test_b09_a_fraction_has_a_stop_for_the_day_and_a_coin_one_with_a_limit_until_cancelled(book, exchange):
    fraction = guard(book, exchange, held_simply(Symbol("AAPL"), protection=NAKED), ALONE)
    coin = guard(Book(), Exchange(), held_simply(COIN, protection=NAKED), ALONE)

    common = {"side": "sell", "qty": "0.25", "stop_price": "95", "client_order_id": FIRST}
    assert fraction.protection.order_body == common | {"symbol": "AAPL", "type": "stop", "time_in_force": "day"}
    assert coin.protection.order_body == common | {
        "symbol": "BTC/USD",
        "type": "stop_limit",
        "limit_price": "94.525000000",
        "time_in_force": "gtc",
    }


def test_b02_a_guard_that_may_have_arrived_is_looked_up_before_it_is_sent_again(book, exchange):
    exchange.late["submit"] = Ambiguous("timeout")

    with pytest.raises(Ambiguous):
        guard(book, exchange)
    guarded = guard(book, exchange, book.executions[held().signal_id])

    assert guarded.protection.cover is Cover.COMPLETE
    assert exchange.asked("submit") == [f"submit {FIRST}"]


def test_b02_a_guard_that_never_arrived_is_sent_again_under_the_same_id(book, exchange):
    exchange.faults["submit"] = Ambiguous("timeout")

    with pytest.raises(Ambiguous):
        guard(book, exchange)
    guarded = guard(book, exchange, book.executions[held().signal_id])

    assert guarded.protection.order_id == FIRST
    assert exchange.asked("submit") == [f"submit {FIRST}"] * 2


def test_b03_a_guard_that_exists_already_is_taken_for_ones_own(book, exchange):
    exchange.add(a_broker_order(order_id="other", client_order_id=FIRST))
    exchange.faults["submit"] = Duplicate("must be unique")

    guarded = guard(book, exchange)

    assert guarded.protection.order_id == "other"


def test_b03_a_guard_that_exists_and_is_not_shown_stays_uncovered_for_the_next_look(book, exchange):
    exchange.faults["submit"] = Duplicate("must be unique")

    guarded = guard(book, exchange)

    assert (guarded.protection.cover, guarded.protection.order_id) == (Cover.NONE, None)
    assert guarded.protection.order_body is not None


def refuse(exchange):
    exchange.faults["submit"] = Refused("insufficient qty", reason=RejectionReason.QUANTITY_HELD)


def test_a16_c06_a_refusal_is_on_the_record_with_the_brokers_words_and_its_number_is_used_again(book, exchange):
    refuse(exchange)

    refused = guard(book, exchange)
    guarded = guard(book, exchange, refused)

    assert (refused.protection.cover, refused.protection.reason) == (Cover.NONE, "insufficient qty")
    assert refused.protection.order_body is None
    assert guarded.protection.order_id == FIRST


def test_c06_a_refused_guards_number_that_the_broker_counts_as_used_is_followed_by_the_next(book, exchange):
    refuse(exchange)
    refused = guard(book, exchange)
    exchange.faults["submit"] = Duplicate("must be unique")

    guarded = guard(book, exchange, guard(book, exchange, refused))

    assert guarded.protection.order_id == f"{FIRST}2"


def test_c06_a_refusal_after_a_sending_of_unknown_fate_uses_a_guards_number_up(book, exchange):
    body = {"client_order_id": FIRST, "symbol": "AAPL", "side": "sell", "qty": "5"}
    pending = Protection(cover=Cover.NONE, naked_since=NOW, attempt=1, order_body=body, sent_at=LATER - DAY)
    refuse(exchange)

    guarded = guard(book, exchange, guard(book, exchange, held(protection=pending)))

    assert guarded.protection.order_id == f"{FIRST}2"


def test_a_guard_that_an_older_version_saw_refused_has_used_its_number_up(book, exchange):
    refused = Protection(cover=Cover.NONE, naked_since=NOW, attempt=1, reason="no")

    assert guard(book, exchange, held(protection=refused)).protection.order_id == f"{FIRST}2"


def test_c05_ended_guards_that_filled_nothing_are_forgotten_and_of_many_others_the_fills_are_kept(book, exchange):
    execution, ended = held(protection=NAKED), []
    for number in range(100):
        guarded = guard(book, exchange, execution, ended=ended)
        order = exchange.orders[guarded.protection.order_id]
        filled = {
            "filled_quantity": Decimal("0.1"),
            "filled_average_price": Decimal(95) + number,
            "filled_at": NOW,
        }
        ended = [each for each in ended if each.order_id in guarded.protection.earlier]
        ended.append(order.model_copy(update={"stop_price": Decimal(95)} | (filled if number % 2 else {})))
        execution = held(protection=guarded.protection)

    (folded,) = execution.protection.folded
    assert len(execution.protection.earlier) == MOST_EARLIER
    kept = ended[:-1] if not ended[-1].filled_quantity else ended
    assert folded.leg == "stop_loss"
    assert folded.quantity + sum(each.filled_quantity for each in kept) == Decimal(5)
    paid = folded.money + sum(each.filled_quantity * each.filled_average_price for each in kept)
    assert paid == sum(Decimal("0.1") * (95 + number) for number in range(1, 100, 2))


@pytest.mark.parametrize(("ago", "kept"), [(79, True), (80, False)])
def test_b02_a_refusal_settles_nothing_while_the_same_guard_may_still_arrive(book, exchange, ago, kept):
    sent = Protection(
        cover=Cover.NONE,
        naked_since=NOW,
        attempt=1,
        order_body={"qty": "5", "symbol": "AAPL", "side": "sell", "client_order_id": FIRST},
        sent_at=LATER - timedelta(seconds=ago),
    )
    exchange.faults["submit"] = Refused("no", reason=RejectionReason.OTHER)

    refused = guard(book, exchange, held(protection=sent))

    assert (refused.protection.order_body is not None, refused.protection.sent_at is not None) == (kept, kept)
    assert refused.protection.reason == "no"


@pytest.mark.parametrize(
    ("side", "stop", "limit"),
    [
        (Side.SELL, "95", "95.475000000"),
        (Side.SELL, "95.000000001", "95.475000002"),
        (Side.BUY, "95.000000001", "94.525000000"),
    ],
)
def test_a_coins_stop_concedes_half_a_percent_rounded_away_from_it(book, exchange, side, stop, limit):
    wanted = Guard(Decimal("0.25"), Decimal(stop), None)

    guarded = guard(book, exchange, held_simply(COIN, side=side, protection=NAKED), wanted)

    assert guarded.protection.order_body["limit_price"] == limit


REFUSED_TWICE = NAKED.model_copy(update={"attempt": 3, "refusals": 2, "refused_at": NOW})


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, (1, None, None)),
        (REFUSED_TWICE, (3, 2, NOW)),
        (REFUSED_TWICE.model_copy(update={"order_body": {}, "order_id": "ended"}), (4, None, NOW)),
    ],
    ids=["the first", "refused twice", "accepted once"],
)
def test_c06_a_refused_guards_number_is_used_again_and_an_accepted_ones_is_not(book, exchange, known, expected):
    guard(book, exchange, held(protection=known))

    planned = book.protections[0]
    assert (planned.attempt, planned.refusals, planned.refused_at) == expected


def test_c06_a_guard_of_unknown_fate_that_the_broker_has_and_does_not_show_keeps_its_number(book, exchange):
    pending = REFUSED_TWICE.model_copy(update={"order_body": {"client_order_id": FIRST}, "sent_at": LATER - DAY})
    exchange.faults["submit"] = Duplicate("must be unique")

    assert guard(book, exchange, held(protection=pending)).protection.attempt == 3


def test_a_guard_that_has_ended_is_remembered_for_what_it_filled(book, exchange):
    known = Protection(cover=Cover.NONE, naked_since=NOW, attempt=1, order_body={}, order_id="first")

    guarded = guard(book, exchange, held(protection=known))

    assert guarded.protection.earlier == ("first",)
    assert guarded.protection.order_id == f"{FIRST}2"
