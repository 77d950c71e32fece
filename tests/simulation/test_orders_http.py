from datetime import timedelta

import pytest

from tests.simulation.serving import answer, over_http, place
from tests.simulation.trader import Trader

EXITS = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "95"}}
BRACKET = {"order_class": "bracket"} | EXITS
OCO = {"side": "sell", "type": "limit", "order_class": "oco"} | EXITS


async def look_up(client, order_id):
    return (await answer(client.get(f"/v2/orders/{order_id}?nested=true")))[1]


async def replace(client, order_id, **changes):
    return await answer(client.patch(f"/v2/orders/{order_id}", json=changes))


async def listed(client, query):
    _, orders = await answer(client.get(f"/v2/orders?{query}"))
    return [order["id"] for order in orders]


def test_a_leg_is_replaced_and_the_parent_shows_the_new_one():
    async def story(client, _):
        _, entry = await place(client, **BRACKET)
        profit, stop = entry["legs"]

        status, new = await replace(client, stop["id"], stop_price="97.5")

        assert (status, new["status"], new["replaces"]) == (200, "pending_new", stop["id"])
        assert (new["stop_price"], new["qty"], new["type"], new["legs"]) == ("97.5", "10", "stop", None)
        assert new["client_order_id"] != stop["client_order_id"]
        parent, old = await look_up(client, entry["id"]), await look_up(client, stop["id"])
        assert [leg["id"] for leg in parent["legs"]] == [profit["id"], new["id"]]
        assert (old["status"], old["replaced_by"]) == ("replaced", new["id"])
        assert old["replaced_at"] is not None
        assert set(await listed(client, "status=open")) == {profit["id"], new["id"]}

    over_http(story)


def test_after_a_replace_the_original_client_id_finds_the_original():
    async def story(client, _):
        terms = {"type": "limit", "limit_price": "90", "client_order_id": "argo-1"}
        _, order = await place(client, **terms)
        _, new = await replace(client, order["id"], limit_price="91", client_order_id="argo-2")
        _, found = await answer(client.get("/v2/orders:by_client_order_id?client_order_id=argo-1"))
        _, later = await answer(client.get("/v2/orders:by_client_order_id?client_order_id=argo-2"))

        assert (found["id"], found["status"], found["replaced_by"]) == (order["id"], "replaced", new["id"])
        assert (later["id"], later["status"], later["limit_price"]) == (new["id"], "new", "91")

    over_http(story)


def test_a_replaced_entry_is_answered_with_its_legs():
    async def story(client, _):
        _, entry = await place(client, type="limit", limit_price="99", **BRACKET)

        _, new = await replace(client, entry["id"], limit_price="98")

        assert [leg["status"] for leg in new["legs"]] == ["held", "held"]
        assert (await look_up(client, entry["id"]))["legs"] is None
        assert await listed(client, "status=open&nested=true") == [new["id"]]

    over_http(story)


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        ({"stop_price": "95"}, 422, 42210000, "order parameters are not changed"),
        ({"qty": "5"}, 422, 42210000, "qty cannot be changed for advanced orders"),
        ({"stop_price": "95.001"}, 422, 42210000, "invalid stop_price 95.001. sub-penny increment"),
        ({"stop_price": "101"}, 422, 42210000, "stop price must be less than current price"),
        ({"stop_price": "low"}, 422, 40010001, "stop_price is not a number: low"),
    ],
)
def test_a_replacement_is_refused_in_alpacas_words(changes, status, code, message):
    async def story(client, _):
        _, entry = await place(client, **BRACKET)

        given, body = await replace(client, entry["legs"][1]["id"], **changes)

        assert (given, body["code"]) == (status, code)
        assert message in body["message"]
        assert (await look_up(client, entry["legs"][1]["id"]))["status"] == "new"

    over_http(story)


def test_what_is_over_or_unknown_is_not_replaced():
    async def story(client, _):
        _, order = await place(client)

        assert await replace(client, order["id"], qty="11") == (
            422,
            {"code": 42210000, "message": "cannot replace order in filled status"},
        )
        assert (await replace(client, "none", qty="11"))[0] == 404
        assert (await answer(client.patch(f"/v2/orders/{order['id']}", data="not json")))[0] == 400

    over_http(story)


def test_an_oco_is_answered_as_the_target_with_the_stop_as_its_leg():
    trader = Trader()

    async def story(client, _):
        await place(client)
        status, oco = await place(client, **OCO)
        (stop,) = oco["legs"]
        _, position = await answer(client.get("/v2/positions/AAPL"))
        refused, body = await place(client, **OCO)

        assert (status, oco["type"], oco["limit_price"], oco["order_class"]) == (200, "limit", "110", "oco")
        assert (stop["type"], stop["stop_price"], stop["qty"]) == ("stop", "95", "10")
        assert (position["qty"], position["qty_available"]) == ("10", "0")
        assert (refused, body["code"], body["available"]) == (403, 40310000, "0")

        trader.price(94)
        shown = await look_up(client, oco["id"])
        assert (shown["status"], shown["legs"][0]["status"]) == ("canceled", "filled")
        assert (await answer(client.get("/v2/positions")))[1] == []

    over_http(story, trader)


def test_an_oco_without_a_position_is_refused():
    async def story(client, _):
        assert await place(client, **OCO) == (
            422,
            {"code": 42210000, "message": "oco orders must be exit orders"},
        )

    over_http(story)


def test_legs_are_listed_held_before_the_entry_fills_and_live_after_it():
    trader = Trader()

    async def story(client, _):
        async def states(query):
            _, orders = await answer(client.get(f"/v2/orders?status=open&{query}"))
            return [(order["side"], order["status"]) for order in orders]

        await place(client, type="limit", limit_price="99", **BRACKET)
        before = await states("nested=false&direction=asc"), await states("nested=true")
        trader.price(98)

        assert before == ([("buy", "new"), ("sell", "held"), ("sell", "held")], [("buy", "new")])
        assert await states("nested=false") == [("sell", "new"), ("sell", "new")]
        assert await states("nested=true") == []

    over_http(story, trader)


def test_more_orders_than_a_page_holds_are_read_by_until_and_by_after():
    trader = Trader()
    sent = []
    for _ in range(600):
        trader.broker.set_clock(trader.broker.clock.now + timedelta(milliseconds=10))
        sent.append(trader.buy(1, type="limit", limit_price=1).id)

    async def pages(client, query, bound):
        found, after = [], ""
        while True:
            _, page = await answer(client.get(f"/v2/orders?limit=500&{query}{after}"))
            found += [order["id"] for order in page]
            if len(page) < 500:
                return found
            after = f"&{bound}={page[-1]['submitted_at']}"

    async def story(client, _):
        assert await pages(client, "status=open", "until") == sent[::-1]
        assert await pages(client, "status=all&direction=asc", "after") == sent

    over_http(story, trader)
