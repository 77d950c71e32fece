from datetime import timedelta
from decimal import Decimal
from time import monotonic

import pytest

from argo.adapters.aws.parameters import Credentials
from argo.domain.account import Asset
from argo.domain.faults import Ambiguous, Throttled, Unauthorised
from argo.domain.orders import OrderStatus, differences
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from tests.contract.backends import together
from tests.simulation.desk import NEXT_OPENING, TEN_O_CLOCK
from tests.unit.builders import an_entry_plan

FILLED_AT_ONCE = an_entry_plan(limit_price="101")
RESTING = an_entry_plan(limit_price="99")


@pytest.fixture
def broker(desk):
    return desk.broker()


def ask_everything(broker):
    """Return the calls to each of the port's methods, by name."""
    return {
        "account": broker.account,
        "clock": broker.clock,
        "positions": broker.positions,
        "open_orders": broker.open_orders,
        "asset": lambda: broker.asset(Symbol("AAPL")),
        "submit": lambda: broker.submit(RESTING.body()),
        "order": lambda: broker.order("an-id"),
        "order_by_client_id": lambda: broker.order_by_client_id("argo-1"),
        "cancel": lambda: broker.cancel("an-id"),
    }


def test_an_account_comes_with_its_balances_and_flags(desk, broker):
    desk.call(lambda: setattr(desk.desk.account, "trading_blocked", True))

    account = broker.account()

    assert (account.equity, account.cash, account.buying_power) == (100_000, 100_000, 200_000)
    assert (account.last_equity, account.non_marginable_buying_power) == (100_000, 100_000)
    assert (account.status, account.trading_blocked, account.shorting_enabled) == ("ACTIVE", True, True)
    assert account.is_blocked


def test_the_clock_is_the_exchanges_in_utc(broker):
    clock = broker.clock()

    assert (clock.now, clock.is_open) == (TEN_O_CLOCK, True)
    assert (clock.next_open, clock.next_close) == (NEXT_OPENING, TEN_O_CLOCK + timedelta(hours=6))


def test_positions_are_signed_and_a_pair_has_its_slash(desk, broker):
    def trade():
        desk.desk.price(50_000, "BTC/USD")
        desk.desk.price(20, "IBM")
        desk.desk.sell(5, symbol="IBM")
        desk.desk.buy(1, symbol="BTC/USD", time_in_force="gtc")

    assert broker.positions() == []
    desk.call(trade)

    pair, short = broker.positions()

    assert (pair.symbol, pair.quantity, pair.average_entry_price) == ("BTC/USD", Decimal("0.9975"), 50_000)
    assert (short.symbol, short.quantity, short.market_value) == ("IBM", -5, -100)


def test_a_bracket_comes_back_with_its_legs_and_their_roles(broker):
    order = broker.submit(RESTING.body())

    assert (order.client_order_id, order.status) == (RESTING.client_order_id, OrderStatus.PENDING_NEW)
    assert (order.order_class, order.order_type, order.quantity) == ("bracket", "limit", 12)
    assert order.submitted_at == TEN_O_CLOCK
    assert {leg.role: leg.limit_price or leg.stop_price for leg in order.legs} == {
        "take_profit": 110,
        "stop_loss": 95,
    }
    assert len({order.order_id, *(leg.order_id for leg in order.legs)}) == 3


@pytest.mark.parametrize("by", ["order_id", "client_order_id"])
def test_an_order_is_found_by_either_id_with_its_legs(broker, by):
    sent = broker.submit(FILLED_AT_ONCE.body())

    look_up = broker.order if by == "order_id" else broker.order_by_client_id
    found = look_up(getattr(sent, by))

    assert (found.order_id, found.status) == (sent.order_id, OrderStatus.FILLED)
    assert (found.filled_quantity, found.filled_average_price) == (12, 100)
    assert [leg.order_id for leg in found.legs] == [leg.order_id for leg in sent.legs]
    assert [leg.role for leg in found.legs] == ["take_profit", "stop_loss"]
    assert differences(FILLED_AT_ONCE.body(), found) == {}


def test_an_order_nobody_sent_is_none(broker):
    assert broker.order("00000000-0000-0000-0000-000000000000") is None
    assert broker.order_by_client_id("argo-1") is None


def test_open_orders_are_those_that_may_still_fill_newest_first(broker):
    resting = [
        broker.submit(an_entry_plan(limit_price=price, client_order_id=f"argo-{price}").body())
        for price in ("99", "98", "97")
    ]
    broker.submit(FILLED_AT_ONCE.body())
    broker.cancel(resting[1].order_id)

    found = broker.open_orders()

    assert [order.client_order_id for order in found] == ["argo-97", "argo-99"]
    assert [(order.symbol, order.side, order.quantity, order.filled_quantity) for order in found] == [
        ("AAPL", "buy", 12, 0)
    ] * 2
    assert [order.limit_price for order in found] == [97, 99]


def test_an_open_brackets_legs_stand_within_it(broker):
    sent = broker.submit(RESTING.body())

    (found,) = broker.open_orders()

    assert found.order_id == sent.order_id
    assert [leg.role for leg in found.legs] == ["take_profit", "stop_loss"]


def test_an_account_without_open_orders_has_an_empty_list(desk, broker):
    assert broker.open_orders() == []
    assert desk.requests == {"GET /v2/orders": 1}


def test_more_open_orders_than_the_brokers_default_page_are_all_seen(broker):
    plans = [an_entry_plan(limit_price="99", client_order_id=f"argo-{number}") for number in range(60)]
    together(*(broker.port.submit(plan.body()) for plan in plans))

    found = broker.open_orders()

    assert {order.client_order_id for order in found} == {plan.client_order_id for plan in plans}


def test_an_order_that_is_not_argos_is_among_the_open_ones(desk, broker):
    desk.call(lambda: desk.desk.buy(5, type="limit", limit_price=90, client_order_id="by hand"))

    (found,) = broker.open_orders()

    assert (found.client_order_id, found.limit_price) == ("by hand", 90)


@pytest.mark.parametrize("body", [{"message": "welcome"}, "null", {"orders": []}])
def test_a19_open_orders_of_another_form_are_ambiguous_and_not_none(desk, broker, body):
    desk.strike(status=200, body=body)

    with pytest.raises(Ambiguous):
        broker.open_orders()


def test_an_asset_says_how_it_can_be_traded(desk, broker):
    desk.call(lambda: desk.desk.broker.assets.override("AAPL", shortable=False))

    assert broker.asset(Symbol("AAPL")) == Asset(tradable=True, shortable=False, fractionable=True)


def test_a24_a_pairs_asset_is_found_by_its_symbol(desk, broker):
    desk.call(lambda: desk.desk.price(50_000, "BTC/USD"))

    asset = broker.asset(Symbol("BTC-USD"))

    assert asset == Asset(tradable=True, shortable=False, fractionable=True)


def test_an_asset_the_broker_does_not_know_is_none(desk, broker):
    assert broker.asset(Symbol("NONE")) is None
    assert desk.requests == {"GET /v2/assets/{symbol}": 1}


def test_what_the_broker_does_not_affirm_of_an_asset_is_not_so(desk, broker):
    desk.strike(status=200, body={"symbol": "AAPL", "shortable": "yes", "fractionable": None})

    assert broker.asset(Symbol("AAPL")) == Asset(tradable=False, shortable=False, fractionable=False)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"status": 500, "body": {"message": "internal"}}, Ambiguous),
        ({"status": 429, "body": {"message": "too many requests."}}, Throttled),
        ({"drop": True}, Ambiguous),
    ],
    ids=["an error", "throttled", "a broken connection"],
)
@pytest.mark.parametrize("question", ["open_orders", "asset"])
def test_a19_no_answer_is_a_fault_and_not_nothing(desk, broker, question, fault, raised):
    desk.strike(**fault)

    with pytest.raises(raised):
        ask_everything(broker)[question]()


def test_an_open_order_is_cancelled_and_a_final_or_unknown_one_is_not(broker):
    sent = broker.submit(RESTING.body())

    assert broker.cancel(sent.order_id) is True
    assert broker.order(sent.order_id).status is OrderStatus.CANCELED
    assert broker.cancel(sent.order_id) is False
    assert broker.cancel("00000000-0000-0000-0000-000000000000") is False


def test_calls_at_once_each_get_their_own_answer(desk, broker):
    plans = [an_entry_plan(limit_price="99", client_order_id=f"argo-{number}") for number in range(20)]

    sent = together(*(broker.port.submit(plan.body()) for plan in plans))
    found = together(*(broker.port.order_by_client_id(plan.client_order_id) for plan in plans))

    assert [order.client_order_id for order in sent] == [plan.client_order_id for plan in plans]
    assert [order.order_id for order in found] == [order.order_id for order in sent]
    assert desk.posts == desk.entries == 20


def test_a13_calls_at_once_overlap(desk, broker):
    desk.strike(delay_seconds=0.2, times=8)

    started = monotonic()
    together(*(broker.port.clock() for _ in range(8)))

    assert monotonic() - started < 0.8


def test_a02_credentials_that_cannot_be_read_are_unauthorised_on_every_method(desk):
    def unreadable() -> Credentials:
        raise ConfigurationError("credentials parameter /argo/argo/credentials: AccessDenied")

    for call in ask_everything(desk.broker(unreadable)).values():
        with pytest.raises(Unauthorised, match="AccessDenied"):
            call()

    assert desk.requests == {}


@pytest.mark.parametrize(
    "keys", [("", ""), ("key", ""), ("key", "secret\n"), ("key", "se\ncret"), ("key", "\N{SNOWMAN}"), ("key", 7)]
)
def test_a02_keys_that_cannot_be_sent_are_unauthorised(desk, keys):
    broker = desk.broker(lambda: Credentials(*keys))

    for _ in range(2):
        with pytest.raises(Unauthorised):
            broker.submit(RESTING.body())


def test_a34_refused_keys_are_unauthorised_on_every_method(desk):
    for call in ask_everything(desk.broker(lambda: Credentials("key", "guess"))).values():
        with pytest.raises(Unauthorised):
            call()

    assert desk.posts == 1
