from datetime import timedelta
from decimal import Decimal

import pytest

from argo.adapters.alpaca.market_data import PAGE_LIMIT
from argo.adapters.aws.parameters import Credentials
from argo.domain.faults import Ambiguous, Throttled, Unauthorised
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from simulation.market.bar_history import DAILY, Bar
from tests.contract.faces import AAPL, BTC, IBM, ON_BOTH_FACES
from tests.simulation.trader import TEN_O_CLOCK, minute_step

MINUTE = timedelta(minutes=1)


def at(minute):
    return TEN_O_CLOCK + minute * MINUTE


def trade_minutes(face, number, *symbols, forming=False):
    """Let each symbol trade from 100 on, a dollar a minute; then the last minute may still be running."""

    def trade():
        for minute in range(number):
            for symbol in symbols:
                close = Decimal(100 + minute)
                face.trader.broker.market.close_bar(
                    Bar(symbol, at(minute), at(minute + 1), close, close, close, close, Decimal(1000))
                )
        if forming:
            face.trader.broker.begin(minute_step(number, 200, 201, 199, 200, symbol=symbols[0]))
        else:
            face.trader.broker.set_clock(at(number))

    face.call(trade)
    face.clock.set(at(number))


def minutes(market_data, *symbols, start=TEN_O_CLOCK, end=TEN_O_CLOCK + timedelta(days=30)):
    return market_data.bars(symbols, Timeframe.MINUTE, start=start, end=end)


@ON_BOTH_FACES
def test_bars_of_many_symbols_come_oldest_first(face):
    trade_minutes(face, 3, AAPL, IBM)

    found = minutes(face.market_data(), AAPL, IBM)

    assert {symbol: [bar.time for bar in bars] for symbol, bars in found.items()} == {
        AAPL: [at(0), at(1), at(2)],
        IBM: [at(0), at(1), at(2)],
    }
    last = found[AAPL][-1]
    assert (last.open, last.high, last.low, last.close, last.volume) == (102, 102, 102, 102, 1000)


def test_bars_of_many_symbols_are_one_request(face):
    trade_minutes(face, 3, AAPL, IBM)

    minutes(face.market_data(), AAPL, IBM)

    assert face.requests == {"GET /v2/stocks/bars": 1}


@ON_BOTH_FACES
def test_bars_before_the_start_are_left_out(face):
    trade_minutes(face, 3, AAPL)

    found = minutes(face.market_data(), AAPL, start=at(1))

    assert [bar.time for bar in found[AAPL]] == [at(1), at(2)]


@ON_BOTH_FACES
def test_b14_the_forming_bar_that_crypto_shows_is_left_out(face):
    trade_minutes(face, 2, BTC, forming=True)

    found = minutes(face.market_data(), BTC)

    assert [bar.time for bar in found[BTC]] == [at(0), at(1)]


@ON_BOTH_FACES
def test_b14_a_symbol_whose_only_bar_is_forming_is_absent(face):
    trade_minutes(face, 0, BTC, forming=True)

    assert minutes(face.market_data(), BTC) == {}


@ON_BOTH_FACES
def test_b14_a_bar_that_ends_after_the_end_is_left_out(face):
    trade_minutes(face, 4, AAPL)

    at_a_bars_end = minutes(face.market_data(), AAPL, end=at(2))
    within_a_bar = minutes(face.market_data(), AAPL, end=at(2) + MINUTE / 2)

    assert [bar.time for bar in at_a_bars_end[AAPL]] == [at(0), at(1)]
    assert [bar.time for bar in within_a_bar[AAPL]] == [at(0), at(1)]


def test_stocks_and_pairs_are_two_requests(face):
    trade_minutes(face, 1, AAPL, BTC)

    found = minutes(face.market_data(), BTC, AAPL)

    assert set(found) == {AAPL, BTC}
    assert face.requests == {"GET /v2/stocks/bars": 1, "GET /v1beta3/crypto/us/bars": 1}


@ON_BOTH_FACES
def test_a_symbol_without_data_is_absent(face):
    trade_minutes(face, 1, AAPL)

    assert set(minutes(face.market_data(), AAPL, Symbol("NONE"))) == {AAPL}
    assert minutes(face.market_data(), Symbol("NONE")) == {}
    assert minutes(face.market_data()) == {}


@pytest.mark.parametrize(("surplus", "pages"), [(0, 1), (1, 2)])
def test_pages_are_followed_across_symbols_to_the_end(face, surplus, pages):
    length = PAGE_LIMIT // 2
    trade_minutes(face, length, AAPL, IBM)
    if surplus:
        extra = Bar(IBM, at(length), at(length + 1), *[Decimal(1)] * 4, volume=Decimal(1))
        face.call(lambda: face.trader.broker.market.close_bar(extra))
        face.call(lambda: face.trader.broker.set_clock(at(length + 1)))
        face.clock.set(at(length + 1))

    found = minutes(face.market_data(), AAPL, IBM)

    assert {symbol: len(bars) for symbol, bars in found.items()} == {AAPL: length, IBM: length + surplus}
    assert [bar.time for bar in found[IBM]] == [at(minute) for minute in range(length + surplus)]
    assert face.requests == {"GET /v2/stocks/bars": pages}


@ON_BOTH_FACES
def test_bars_that_close_later_are_seen_when_they_have(face):
    market_data = face.market_data()
    trade_minutes(face, 2, AAPL)
    before = minutes(market_data, AAPL)[AAPL]

    third = minute_step(2, 102, 103, 101, 102)
    face.call(lambda: (face.trader.broker.begin(third), face.trader.broker.finish(third)))
    face.clock.set(at(3))

    assert [bar.time for bar in before] == [at(0), at(1)]
    assert [bar.time for bar in minutes(market_data, AAPL, start=at(1))[AAPL]] == [at(1), at(2)]


@ON_BOTH_FACES
def test_bars_longer_than_the_markets_own_are_whole_ones_put_together(face):
    trade_minutes(face, 12, AAPL)
    window = {"start": TEN_O_CLOCK, "end": at(12)}

    found = face.market_data().bars([AAPL], Timeframe.FIVE_MINUTES, **window)

    assert [(bar.time, bar.open, bar.close, bar.volume) for bar in found[AAPL]] == [
        (at(0), 100, 104, 5000),
        (at(5), 105, 109, 5000),
    ]


@ON_BOTH_FACES
def test_a_daily_bar_is_closed_at_midnight_in_new_york(face):
    start, end = TEN_O_CLOCK - MINUTE * 30, TEN_O_CLOCK + MINUTE * 360
    midnight = TEN_O_CLOCK - timedelta(hours=10)

    def trade():
        face.trader.broker.market.timeframe = DAILY
        face.trader.broker.market.close_bar(Bar(AAPL, start, end, *[Decimal(100)] * 4, volume=Decimal(1)))

    face.call(trade)
    market_data, found = face.market_data(), []
    for now in (end, midnight + timedelta(days=1) - MINUTE, midnight + timedelta(days=1)):
        face.call(lambda now=now: face.trader.broker.set_clock(now))
        face.clock.set(now)
        found.append(market_data.bars([AAPL], Timeframe.DAY, start=midnight, end=now))

    assert found[:2] == [{}, {}]
    assert [bar.time for bar in found[2][AAPL]] == [midnight]


def test_bars_that_are_null_are_no_bars(face):
    face.strike(status=200, body={"bars": None, "next_page_token": None})

    assert minutes(face.market_data(), AAPL) == {}


def test_a34_refused_keys_are_unauthorised_and_not_an_empty_answer(face):
    trade_minutes(face, 1, AAPL)

    with pytest.raises(Unauthorised):
        minutes(face.market_data(lambda: Credentials("key", "guess")), AAPL)


def test_a02_credentials_that_cannot_be_read_are_unauthorised(face):
    def unreadable() -> Credentials:
        raise ConfigurationError("credentials parameter /argo/argo/credentials: AccessDenied")

    with pytest.raises(Unauthorised, match="AccessDenied"):
        minutes(face.market_data(unreadable), AAPL)

    assert face.requests == {}


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"status": 429, "body": {"message": "too many requests."}}, Throttled),
        ({"status": 502, "body": "<html></html>"}, Ambiguous),
        ({"status": 301, "headers": {"Location": "/v2/stocks/bars"}}, Ambiguous),
        ({"status": 200, "body": ""}, Ambiguous),
        ({"drop": True}, Ambiguous),
    ],
    ids=["throttled", "a gateway's page", "a redirect", "nothing", "a broken connection"],
)
def test_no_answer_is_a_fault_after_one_request_not_an_empty_result(face, fault, raised):
    trade_minutes(face, 1, AAPL)
    face.strike(**fault)

    with pytest.raises(raised):
        minutes(face.market_data(), AAPL)

    assert face.requests == {"GET /v2/stocks/bars": 1}


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        {"message": "welcome"},
        {"bars": [1]},
    ],
)
def test_an_answer_of_another_form_is_ambiguous(face, body):
    face.strike(status=200, body=body)

    with pytest.raises(Ambiguous):
        minutes(face.market_data(), AAPL)


@pytest.mark.parametrize(
    "bar",
    [
        {"t": "2013-03-01T14:50:00Z", "o": 1},
        {"t": "soon", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1},
        {"t": "2013-03-01T14:50:00", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1},
        {"t": "2013-03-01T14:50:00Z", "o": 1, "h": 1, "l": 0, "c": 1, "v": 1},
        1,
    ],
)
def test_c18_a_bar_that_cannot_have_been_traded_is_told_as_such_beside_the_others(face, bar):
    sound = {"t": "2013-03-01T14:51:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}
    face.strike(status=200, body={"bars": {"AAPL": [bar, sound], "IBM": None}})

    found = minutes(face.market_data(), AAPL, IBM)

    assert [each.is_sound for each in found[AAPL]] == [False, True]
    assert IBM not in found
