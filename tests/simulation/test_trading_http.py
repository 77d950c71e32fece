import json
import urllib.request

import pytest

from simulation.broker import SimulatedBroker
from simulation.broker.assets import Asset
from simulation.broker.server import BackgroundServer, BrokerServer
from tests.simulation.serving import answer, over_http, place
from tests.simulation.trader import KEYS, TEN_O_CLOCK, Trader, settings

BRACKET = {
    "order_class": "bracket",
    "take_profit": {"limit_price": "110"},
    "stop_loss": {"stop_price": "95"},
}


def test_an_order_is_answered_pending_and_read_as_filled():
    async def story(client, _):
        status, sent = await place(client, client_order_id="argo-1", **BRACKET)
        _, by_client_id = await answer(client.get("/v2/orders:by_client_order_id?client_order_id=argo-1"))
        _, by_id = await answer(client.get(f"/v2/orders/{sent['id']}?nested=true"))
        _, flat = await answer(client.get(f"/v2/orders/{sent['id']}"))

        assert (status, sent["status"], sent["filled_qty"]) == (200, "pending_new", "0")
        assert (by_client_id["id"], by_client_id["status"]) == (sent["id"], "filled")
        assert [leg["type"] for leg in by_id["legs"]] == ["limit", "stop"]
        assert flat["legs"] is None

    over_http(story)


def test_refusals_carry_alpacas_status_and_body():
    async def story(client, _):
        await place(client, client_order_id="argo-1")

        assert await place(client, client_order_id="argo-1") == (
            422,
            {"code": 40010001, "message": "client_order_id must be unique"},
        )
        assert (await place(client, qty="100000"))[0] == 403
        assert await answer(client.post("/v2/orders", data="not json")) == (
            400,
            {"code": 40010000, "message": "request body format is invalid"},
        )
        status, body = await answer(client.get("/v2/orders/none"))
        assert (status, body["code"]) == (404, 40410000)

    over_http(story)


@pytest.mark.parametrize("keys", [{}, {"APCA-API-KEY-ID": "key"}, KEYS | {"APCA-API-SECRET-KEY": "guess"}])
def test_wrong_keys_are_answered_without_a_code(keys):
    async def story(client, _):
        headers = dict.fromkeys(KEYS, "") | keys
        assert await answer(client.get("/v2/account", headers=headers)) == (401, {"message": "unauthorized."})

    over_http(story)


def test_each_key_sees_its_own_account():
    trader = Trader()
    trader.broker = SimulatedBroker([settings("key"), settings("other")], starts_at=TEN_O_CLOCK)
    trader.price(100)

    async def story(client, _):
        await place(client)
        _, others = await answer(client.get("/v2/orders?status=all", headers={"APCA-API-KEY-ID": "other"}))
        _, own = await answer(client.get("/v2/orders?status=all"))

        assert (len(own), others) == (1, [])

    over_http(story, trader)


def test_orders_are_listed_newest_first_by_status_symbol_and_limit():
    async def story(client, _):
        _, first = await place(client, type="limit", limit_price="90")
        _, second = await place(client)
        _, third = await place(client, type="limit", limit_price="80", symbol="IBM")

        async def ids(query):
            _, orders = await answer(client.get(f"/v2/orders?{query}"))
            return [order["id"] for order in orders]

        assert await ids("") == [third["id"], first["id"]]
        assert await ids("status=closed") == [second["id"]]
        assert await ids("status=all&direction=asc&limit=2") == [first["id"], second["id"]]
        assert await ids("status=all&symbols=IBM,MSFT") == [third["id"]]
        assert await ids("status=all&after=2013-03-01T15:00:00Z") == []
        assert await ids("status=all&until=2013-03-02") == [third["id"], second["id"], first["id"]]
        assert (await answer(client.get("/v2/orders?limit=501")))[0] == 422

    over_http(story, Trader({"AAPL": 100, "IBM": 200}))


def test_open_legs_of_a_filled_entry_are_hidden_when_nested():
    async def story(client, _):
        await place(client, **BRACKET)
        _, nested = await answer(client.get("/v2/orders?status=open&nested=true"))
        _, flat = await answer(client.get("/v2/orders?status=open"))

        assert (len(nested), len(flat)) == (0, 2)

    over_http(story)


def test_orders_are_cancelled_one_by_one_and_all_together():
    async def story(client, _):
        _, order = await place(client, type="limit", limit_price="90")
        path = f"/v2/orders/{order['id']}"
        await place(client, type="limit", limit_price="80")

        assert (await answer(client.delete(path)))[0] == 204
        assert await answer(client.delete(path)) == (
            422,
            {"code": 42210000, "message": 'order is already in "canceled" state'},
        )
        status, canceled = await answer(client.delete("/v2/orders"))
        assert (status, [entry["body"]["status"] for entry in canceled]) == (207, ["canceled"])

    over_http(story)


def test_positions_are_shown_and_closed_by_symbol_without_slash():
    async def story(client, _):
        await place(client, symbol="BTC/USD", qty="0.1")
        _, position = await answer(client.get("/v2/positions/BTCUSD"))
        _, by_id = await answer(client.get(f"/v2/positions/{position['asset_id']}"))
        status, order = await answer(client.delete("/v2/positions/BTCUSD"))
        _, left = await answer(client.get("/v2/positions"))

        assert (position["symbol"], position["qty"]) == ("BTCUSD", "0.09975")
        assert by_id == position
        assert (status, order["side"], order["symbol"]) == (200, "sell", "BTC/USD")
        assert left == []
        assert (await answer(client.get("/v2/positions/BTCUSD")))[1]["message"] == "position does not exist"

    over_http(story, Trader({"BTC/USD": 50_000}))


def test_account_clock_calendar_and_assets_are_served():
    async def story(client, server):
        server.broker.assets.override(Asset("AAPL", shortable=False))
        _, account = await answer(client.get("/v2/account"))
        _, clock = await answer(client.get("/v2/clock"))
        _, days = await answer(client.get("/v2/calendar?start=2013-03-01&end=2013-03-04"))
        _, assets = await answer(client.get("/v2/assets?asset_class=us_equity"))
        _, coin = await answer(client.get("/v2/assets/BTC/USD"))

        assert account["buying_power"] == "200000"
        assert (clock["is_open"], clock["timestamp"]) == (True, "2013-03-01T10:00:00-05:00")
        assert [day["date"] for day in days] == ["2013-03-01", "2013-03-04"]
        assert [(asset["symbol"], asset["shortable"]) for asset in assets] == [("AAPL", False)]
        assert coin["class"] == "crypto"
        assert (await answer(client.get("/v2/assets/XYZ")))[0] == 404

    over_http(story, Trader({"AAPL": 100, "BTC/USD": 50_000}))


def test_unknown_paths_and_methods_are_answered_in_json():
    async def story(client, _):
        assert (await answer(client.get("/v2/nothing")))[0] == 404
        assert (await answer(client.put("/v2/account")))[0] == 405

    over_http(story)


def test_every_answer_carries_a_request_id_and_the_rate_limit():
    async def story(client, _):
        async with client.get("/v2/account") as first, client.get("/v2/orders/none") as second:
            headers = first.headers, second.headers

        assert headers[0]["X-Request-ID"] != headers[1]["X-Request-ID"]
        assert [each["X-RateLimit-Remaining"] for each in headers] == ["199", "198"]
        assert headers[0]["X-RateLimit-Limit"] == "200"
        assert headers[0]["X-RateLimit-Reset"] == str(int(TEN_O_CLOCK.timestamp()) + 60)

    over_http(story)


def test_a_request_id_says_who_asked_what_and_when_and_not_how_many_asked_before():
    trader = Trader()

    async def named(client, query):
        async with client.get("/v2/orders", params=query) as response:
            return response.headers["X-Request-ID"]

    async def story(client, _):
        first, again, other = [await named(client, {"status": status}) for status in ("open", "open", "closed")]
        trader.wait(1)
        later = await named(client, {"status": "open"})

        assert first == again
        assert len({first, other, later}) == 3

    over_http(story, trader)


def test_beyond_the_rate_limit_nothing_is_done_until_the_next_minute():
    trader = Trader()

    async def story(client, _):
        assert [(await place(client))[0] for _ in range(3)] == [200, 200, 429]
        assert len(trader.account.orders) == 2

        trader.bar(100, 101, 99, 100)
        assert (await place(client))[0] == 200

    over_http(story, trader, requests_per_minute=2)


def test_without_a_rate_limit_every_request_is_served():
    async def story(client, _):
        assert {(await answer(client.get("/v2/clock")))[0] for _ in range(250)} == {200}

    over_http(story, requests_per_minute=None)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "169.254.1.1", "2001:db8::1", "example.com", ""],  # noqa: S104
)
def test_only_loopback_and_private_addresses_are_served(host):
    with pytest.raises(ValueError, match="only loopback and private addresses"):
        BrokerServer(Trader().broker, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "172.17.0.1", "10.0.0.1", "192.168.65.254"])
def test_loopback_and_docker_bridge_addresses_are_served(host):
    assert BrokerServer(Trader().broker, host=host)


def test_a_blocking_caller_is_served_from_a_thread_and_can_drive_the_market():
    trader = Trader()

    with BackgroundServer(BrokerServer(trader.broker)) as background:
        background.call(lambda: trader.price(123))
        request = urllib.request.Request(f"{background.url}/v2/stocks/trades/latest?symbols=AAPL", headers=KEYS)  # noqa: S310
        with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
            trades = json.load(response)["trades"]

    assert background.url.startswith("http://127.0.0.1:")
    assert trades["AAPL"]["p"] == 123
