from tests.simulation.serving import answer, over_http, place
from tests.simulation.trader import Trader

BEHAVIOUR = "/_simulation/accounts/key/behaviour"
TRADES = "/_simulation/accounts/key/trades"
BRACKET = {
    "order_class": "bracket",
    "take_profit": {"limit_price": "110"},
    "stop_loss": {"stop_price": "95"},
}


async def behave(client, **behaviour):
    return await answer(client.put(BEHAVIOUR, json=behaviour))


async def order(client, order_id):
    return (await answer(client.get(f"/v2/orders/{order_id}?nested=true")))[1]


async def status(client, order_id):
    return (await order(client, order_id))["status"]


def test_b02_the_broker_forgets_an_order_for_ten_seconds():
    trader = Trader()

    async def story(client, _):
        await behave(client, orders_lag=10)
        _, sent = await place(client, client_order_id="argo-1", **BRACKET)
        paths = f"/v2/orders/{sent['id']}", "/v2/orders:by_client_order_id?client_order_id=argo-1"
        lists = "/v2/orders?status=all", "/v2/orders?status=open", "/v2/orders?status=all&nested=true"

        assert [await answer(client.get(path)) for path in paths] == [
            (404, {"code": 40410000, "message": f"order not found for {name}"}) for name in (sent["id"], "argo-1")
        ]
        assert [(await answer(client.get(path)))[1] for path in lists] == [[], [], []]
        assert (await place(client, client_order_id="argo-1"))[0] == 422
        assert (await answer(client.get("/v2/positions/AAPL")))[0] == 200

        trader.wait(10)
        assert [(await answer(client.get(path)))[0] for path in paths] == [200, 200]
        assert [len((await answer(client.get(path)))[1]) for path in lists] == [3, 2, 1]

    over_http(story, trader)


def test_positions_lag_while_orders_do_not():
    trader = Trader()

    async def story(client, _):
        await behave(client, positions_lag=10)
        _, sent = await place(client)

        assert await status(client, sent["id"]) == "filled"
        assert (await answer(client.get("/v2/positions")))[1] == []
        assert (await answer(client.get("/v2/positions/AAPL")))[0] == 404

        trader.wait(10)
        assert (await answer(client.get("/v2/positions/AAPL")))[1]["qty"] == "10"

    over_http(story, trader)


def test_a_cancellation_is_shown_as_pending_before_it_is_done():
    trader = Trader()

    async def story(client, _):
        _, sent = await place(client, type="limit", limit_price="90")
        await behave(client, cancel_takes=3)
        path = f"/v2/orders/{sent['id']}"

        assert (await answer(client.delete(path)))[0] == 204
        assert await status(client, sent["id"]) == "pending_cancel"
        assert (await answer(client.patch(path, json={"qty": "11"})))[1]["message"] == (
            "cannot replace order in pending_cancel status"
        )
        assert (await answer(client.delete(path)))[0] == 422

        trader.wait(3)
        shown = await order(client, sent["id"])
        assert (shown["status"], shown["canceled_at"]) == ("canceled", "2013-03-01T15:00:03.000000Z")

    over_http(story, trader)


def test_an_accepted_order_is_rejected_late():
    trader = Trader()

    async def story(client, _):
        await behave(client, rejected_after={"argo-1": 5})
        _, sent = await place(client, client_order_id="argo-1")
        before = await status(client, sent["id"])
        trader.wait(5)
        shown = await order(client, sent["id"])

        assert (sent["status"], before, shown["status"]) == ("accepted", "accepted", "rejected")
        assert shown["failed_at"] == "2013-03-01T15:00:05.000000Z"
        assert (await answer(client.get("/v2/positions")))[1] == []

    over_http(story, trader)


def test_both_exits_fill_in_a_fast_market():
    trader = Trader()

    async def story(client, _):
        await behave(client, rival_cancel_takes=2)
        _, sent = await place(client, **BRACKET)
        trader.price(94)
        trader.price(111)

        legs = (await order(client, sent["id"]))["legs"]
        assert [leg["status"] for leg in legs] == ["filled", "filled"]
        assert (await answer(client.get("/v2/positions/AAPL")))[1]["qty"] == "-10"

    over_http(story, trader)


def test_a_live_stop_is_shown_as_held_as_alpaca_does():
    async def story(client, _):
        await behave(client, stop_legs_stay_held=True)
        _, sent = await place(client, **BRACKET)

        assert [leg["status"] for leg in (await order(client, sent["id"]))["legs"]] == ["new", "held"]

    over_http(story)


def test_fills_are_held_back_and_an_entry_is_cancelled_with_a_part_filled():
    async def story(client, _):
        set_, _ = await answer(client.put("/_simulation/liquidity", json={"argo-1": "6"}))
        _, sent = await place(client, client_order_id="argo-1", **BRACKET)
        before = await status(client, sent["id"])
        await answer(client.delete(f"/v2/orders/{sent['id']}"))
        shown = await order(client, sent["id"])

        assert (set_, before, shown["status"], shown["filled_qty"]) == (204, "partially_filled", "canceled", "6")
        assert (await answer(client.get("/v2/positions/AAPL")))[1]["qty_available"] == "6"
        assert (await answer(client.put("/_simulation/liquidity", json={"argo-1": "some"})))[0] == 422

    over_http(story)


def test_a_person_sells_what_the_legs_hold():
    async def story(client, server):
        _, sent = await place(client, **BRACKET)
        sale = {"symbol": "AAPL", "side": "sell", "qty": "10", "type": "market", "time_in_force": "day"}

        assert (await answer(client.post("/v2/orders", json=sale)))[0] == 403
        done, by_hand = await answer(client.post(TRADES, json=sale))

        assert (done, by_hand["status"], by_hand["client_order_id"]) == (200, "filled", "manual-3")
        assert [leg["status"] for leg in (await order(client, sent["id"]))["legs"]] == ["new", "new"]
        assert (await answer(client.get("/v2/positions")))[1] == []
        refused = await answer(client.post(TRADES, json=sale | {"client_order_id": "manual-3"}))
        assert refused == (422, {"code": 40010001, "message": "client_order_id must be unique"})
        await answer(client.post(TRADES, json=sale | {"side": "buy", "cancels_exits": True}))
        assert (await answer(client.get("/v2/orders")))[1] == []
        assert f"POST {TRADES}" not in server.requests

    over_http(story)


def test_a_behaviour_is_shown_set_as_a_whole_and_removed():
    trader = Trader()

    async def story(client, _):
        await behave(client, cancel_takes=3)
        _, shown = await behave(client, orders_lag=1.5, lags_until="2013-03-01T15:00:30Z")
        wrong, _ = await behave(client, forgets=True)
        nobody, _ = await answer(client.get("/_simulation/accounts/nobody/behaviour"))
        _, kept = await answer(client.get(BEHAVIOUR))

        assert (shown["orders_lag"], shown["cancel_takes"]) == ("PT1.5S", "PT0S")
        assert (wrong, nobody, kept) == (422, 404, shown)
        assert (await answer(client.delete(BEHAVIOUR)))[0] == 204
        assert trader.account.behaviour.model_dump(exclude_defaults=True) == {}

    over_http(story, trader)


def test_c81_a_page_in_the_browser_controls_no_account():
    async def story(client, _):
        pages = [
            {"data": "{}", "headers": {"Content-Type": "text/plain"}},
            {"json": {}, "headers": {"Origin": "https://evil.example"}},
            {"json": {}, "headers": {"Host": "evil.example"}},
            {"json": {}, "headers": {"Sec-Fetch-Site": "cross-site"}},
        ]

        assert [(await answer(client.put(BEHAVIOUR, **page)))[0] for page in pages] == [403] * 4
        assert (await answer(client.put(BEHAVIOUR, json={})))[0] < 300

    over_http(story)


def test_c81_nor_does_it_reach_the_broker_under_a_name_of_its_own():
    async def story(client, _):
        assert (await answer(client.get("/v2/account", headers={"Host": "evil.example"})))[0] == 403
        assert (await answer(client.get("/v2/account", headers={"Host": "host.docker.internal:1"})))[0] == 200

    over_http(story)
