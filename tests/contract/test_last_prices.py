from decimal import Decimal

import pytest

from argo.domain.faults import Ambiguous, Throttled, Unauthorised
from argo.domain.symbols import Symbol
from tests.contract.faces import AAPL, BTC, IBM, ON_BOTH_FACES


def price(face, **prices):
    """Let symbols trade at prices."""
    face.call(lambda: [face.trader.price(at, symbol) for symbol, at in prices.items()])


@ON_BOTH_FACES
def test_last_prices_are_those_of_the_last_trades(face):
    price(face, **{"AAPL": "101.250", "BTC/USD": "50000.5", "IBM": 7, "MSFT": 8})

    found = face.market_data().latest_prices([BTC, AAPL, IBM])

    assert found == {AAPL: Decimal("101.25"), BTC: Decimal("50000.5"), IBM: 7}


def test_last_prices_of_many_stocks_come_by_one_request(face):
    price(face, AAPL="101.25", IBM="20.5", MSFT=7)

    found = face.market_data().latest_prices([AAPL, IBM])

    assert found == {AAPL: Decimal("101.25"), IBM: Decimal("20.5")}
    assert face.requests == {"GET /v2/stocks/trades/latest": 1}


def test_last_prices_of_stocks_and_pairs_are_two_requests(face):
    price(face, **{"AAPL": 101, "BTC/USD": "50000.5"})

    found = face.market_data().latest_prices([BTC, AAPL])

    assert found == {AAPL: 101, BTC: Decimal("50000.5")}
    assert face.requests == {
        "GET /v2/stocks/trades/latest": 1,
        "GET /v1beta3/crypto/us/latest/trades": 1,
    }


def test_pairs_alone_ask_for_no_stock(face):
    price(face, **{"BTC/USD": 50_000})

    assert face.market_data().latest_prices([BTC]) == {BTC: 50_000}
    assert face.requests == {"GET /v1beta3/crypto/us/latest/trades": 1}


@ON_BOTH_FACES
def test_a30_a_symbol_without_a_last_price_is_absent_and_not_zero(face):
    price(face, AAPL=101)

    assert face.market_data().latest_prices([AAPL, Symbol("NONE")]) == {AAPL: 101}
    assert face.market_data().latest_prices([Symbol("NONE")]) == {}


def test_nobodys_last_prices_cost_no_request(face):
    assert face.market_data().latest_prices([]) == {}
    assert face.requests == {}


@pytest.mark.parametrize(
    "trade",
    [None, {}, {"p": None}, {"p": 0}, {"p": -1}, {"p": "NaN"}, {"p": "soon"}, {"t": "2013-03-01T15:00:00Z"}],
)
def test_a30_a_trade_without_a_usable_price_is_no_price(face, trade):
    face.strike(status=200, body={"trades": {"AAPL": trade, "IBM": {"p": 20.5}}})

    assert face.market_data().latest_prices([AAPL, IBM]) == {IBM: Decimal("20.5")}


def test_prices_that_nobody_asked_for_are_left_out(face):
    face.strike(status=200, body={"trades": {"AAPL": {"p": 1}, "IBM": {"p": 2}}})

    assert face.market_data().latest_prices([AAPL]) == {AAPL: 1}


def test_trades_that_are_null_are_no_prices(face):
    face.strike(status=200, body={"trades": None})

    assert face.market_data().latest_prices([AAPL]) == {}


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"status": 429, "body": {"message": "too many requests."}}, Throttled),
        ({"status": 502, "body": "<html></html>"}, Ambiguous),
        ({"status": 200, "body": "[]"}, Ambiguous),
        ({"status": 200, "body": {"message": "welcome"}}, Ambiguous),
        ({"status": 200, "body": {"trades": [1]}}, Ambiguous),
        ({"status": 401, "body": {"message": "forbidden."}}, Unauthorised),
    ],
    ids=["throttled", "a gateway's page", "a list", "a greeting", "a list of trades", "refused keys"],
)
def test_a19_no_last_prices_are_a_fault_and_not_an_empty_answer(face, fault, raised):
    face.strike(**fault)

    with pytest.raises(raised):
        face.market_data().latest_prices([AAPL])
