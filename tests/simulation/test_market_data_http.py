from datetime import date
from pathlib import Path

import pytest

import simulation
from simulation.broker import SimulatedBroker
from simulation.market.bar_history import BarHistory
from simulation.market.bars import load_bars
from tests.simulation.serving import answer, over_http
from tests.simulation.trader import Trader, minute_step, settings

HISTORY = load_bars(Path(simulation.__file__).parent / "data" / "daily_bars_2000-2013.csv.gz")
DAYS = HISTORY.between(date(2013, 2, 26))
DAILY = "timeframe=1Day&start=2013-02-26&end=2013-03-01"


def trader_after(history: BarHistory, *, within_last_step: bool = False) -> Trader:
    trader = Trader()
    trader.broker = SimulatedBroker.replaying(history, [settings()])
    steps = list(history)
    for step in steps:
        trader.broker.begin(step)
        if step is not steps[-1] or not within_last_step:
            trader.broker.finish(step)
    return trader


def test_daily_bars_are_stamped_with_midnight_in_new_york():
    async def story(client, _):
        status, page = await answer(client.get(f"/v2/stocks/bars?symbols=IBM&{DAILY}&feed=iex"))

        assert status == 200
        assert page["next_page_token"] is None
        assert [bar["t"] for bar in page["bars"]["IBM"]][-1] == "2013-03-01T05:00:00Z"
        assert page["bars"]["IBM"][-1]["c"] == float(DAYS.bars[-2].close)

    over_http(story, trader_after(DAYS))


def test_b14_a_forming_bar_is_not_shown_and_shows_its_open_alone_where_asked_for():
    path = f"/v2/stocks/bars?symbols=IBM&{DAILY}"

    async def closed_only(client, _):
        _, page = await answer(client.get(path))
        assert [bar["t"][:10] for bar in page["bars"]["IBM"]] == ["2013-02-26", "2013-02-27", "2013-02-28"]

    async def forming_too(client, _):
        _, page = await answer(client.get(path))
        last = page["bars"]["IBM"][-1]
        assert last["t"][:10] == "2013-03-01"
        assert (last["h"], last["l"], last["c"], last["v"]) == (last["o"], last["o"], last["o"], 0)

    over_http(closed_only, trader_after(DAYS, within_last_step=True))
    over_http(forming_too, trader_after(DAYS, within_last_step=True), forming_stock_bars=True)


def test_a_bar_that_has_closed_is_not_forming_any_more():
    async def story(client, _):
        _, page = await answer(client.get(f"/v2/stocks/bars?symbols=IBM&{DAILY}"))
        assert [bar["t"][:10] for bar in page["bars"]["IBM"]][-2:] == ["2013-02-28", "2013-03-01"]

    over_http(story, trader_after(DAYS), forming_stock_bars=True)


def test_a_symbol_without_data_is_absent():
    async def story(client, _):
        _, page = await answer(client.get(f"/v2/stocks/bars?symbols=IBM,NONE&{DAILY}"))
        _, quotes = await answer(client.get("/v2/stocks/quotes/latest?symbols=NONE"))

        assert list(page["bars"]) == ["IBM"]
        assert quotes == {"quotes": {}}

    over_http(story, trader_after(DAYS))


@pytest.mark.parametrize(("limit", "pages"), [(5, [5, 5, 2]), (6, [6, 6]), (12, [12])])
def test_the_limit_counts_over_all_symbols_and_pages_follow_each_other(limit, pages):
    async def story(client, _):
        rows, token, sizes = [], "", []
        while token is not None:
            path = f"/v2/stocks/bars?symbols=MSFT,IBM,AAPL&{DAILY}&limit={limit}&page_token={token}"
            _, page = await answer(client.get(path))
            found = [(symbol, bar["t"]) for symbol, bars in page["bars"].items() for bar in bars]
            rows += found
            sizes.append(len(found))
            token = page["next_page_token"]

        assert sizes == pages
        assert rows == sorted(set(rows))

    over_http(story, trader_after(DAYS))


def test_bars_come_in_either_order():
    async def story(client, _):
        _, page = await answer(client.get(f"/v2/stocks/bars?symbols=IBM&{DAILY}&sort=desc&limit=1"))

        assert page["bars"]["IBM"][0]["t"] == "2013-03-01T05:00:00Z"

    over_http(story, trader_after(DAYS))


def test_longer_bars_are_put_together_and_shorter_ones_do_not_exist():
    trader = Trader()
    for number in range(7):
        trader.bar(100 + number, 102 + number, 99 + number, 101 + number)

    async def story(client, _):
        async def bars(timeframe):
            _, page = await answer(client.get(f"/v2/stocks/bars?symbols=AAPL&timeframe={timeframe}"))
            return page["bars"].get("AAPL", [])

        (five,) = await bars("5Min")
        assert (five["t"], five["v"]) == ("2013-03-01T15:00:00Z", 5000)
        assert (five["o"], five["h"], five["l"], five["c"]) == (100, 106, 99, 105)
        assert len(await bars("1Min")) == 7
        assert await bars("1Day") == []

    async def daily_only(client, _):
        _, page = await answer(client.get("/v2/stocks/bars?symbols=IBM&timeframe=1Min&start=2013-02-26"))
        assert page["bars"] == {}

    over_http(story, trader)
    over_http(daily_only, trader_after(DAYS))


def test_crypto_data_needs_no_keys_and_shows_the_forming_bar():
    trader = Trader({"BTC/USD": 50_000})
    trader.broker.begin(minute_step(0, 50_000, 50_100, 49_900, 50_050, symbol="BTC/USD"))

    async def story(client, _):
        nobody = {"APCA-API-KEY-ID": "", "APCA-API-SECRET-KEY": ""}
        symbols = "symbols=BTC/USD"
        _, bars = await answer(client.get(f"/v1beta3/crypto/us/bars?{symbols}&timeframe=1Min", headers=nobody))
        _, latest = await answer(client.get(f"/v1beta3/crypto/us/latest/bars?{symbols}", headers=nobody))
        _, quotes = await answer(client.get(f"/v1beta3/crypto/us/latest/quotes?{symbols}", headers=nobody))

        assert [bar["c"] for bar in bars["bars"]["BTC/USD"]] == [50_000]
        assert latest["bars"]["BTC/USD"]["c"] == 50_000
        assert quotes["quotes"]["BTC/USD"]["ap"] == 50_000

    over_http(story, trader)


def test_latest_prices_are_those_the_engine_fills_at():
    async def story(client, _):
        _, trades = await answer(client.get("/v2/stocks/trades/latest?symbols=AAPL"))
        _, quotes = await answer(client.get("/v2/stocks/quotes/latest?symbols=AAPL"))

        assert trades["trades"]["AAPL"]["p"] == 100
        assert (quotes["quotes"]["AAPL"]["bp"], quotes["quotes"]["AAPL"]["ap"]) == (100, 100)

    over_http(story)


def test_wrong_questions_for_bars_are_refused():
    async def story(client, _):
        for query, status in (
            ("timeframe=1Day", 400),
            ("symbols=AAPL&timeframe=1Fortnight", 400),
            ("symbols=AAPL&timeframe=1Day&limit=0", 422),
            ("symbols=AAPL&timeframe=1Day&start=yesterday", 422),
            ("symbols=AAPL&timeframe=1Day&page_token=none", 400),
        ):
            assert (await answer(client.get(f"/v2/stocks/bars?{query}")))[0] == status

    over_http(story)
