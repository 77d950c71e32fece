import asyncio

import aiohttp
import pytest
from pydantic import ValidationError

from simulation.broker.server import Fault, Faults
from tests.deep import deeply
from tests.simulation.serving import answer, over_http, place
from tests.simulation.trader import Trader

ORDERS = {"method": "POST", "path": "/v2/orders"}


def test_faults_strike_in_order_each_on_its_own_occurrence():
    first = Fault(**ORDERS, status=500, nth=2)
    second = Fault(**ORDERS, status=502, times=2)
    faults = Faults([first, second])

    struck = [faults.strike("POST", "/v2/orders") for _ in range(5)]

    assert faults.strike("GET", "/v2/orders") is None
    assert struck == [second, first, second, None, None]
    assert faults.waiting == ()


@pytest.mark.parametrize("wrong", [{}, {"drop": True, "status": 500}, {"status": 500, "nth": 0}, {"sta": 1}])
def test_a_fault_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)


def test_an_answer_before_the_broker_leaves_no_order():
    trader = Trader()

    async def story(client, server):
        server.faults.add(Fault(**ORDERS, status=503, body={"message": "busy"}, headers={"Retry-After": "3"}))
        response = await client.post("/v2/orders", json={})

        assert (response.status, await response.json()) == (503, {"message": "busy"})
        assert response.headers["Retry-After"] == "3"
        assert trader.account.orders == {}
        assert (await place(client))[0] == 200

    over_http(story, trader)


def test_b02_an_answer_after_the_broker_hides_an_order_that_lives():
    trader = Trader()

    async def story(client, server):
        server.faults.add(Fault(**ORDERS, status=504, body="<html>Gateway Timeout</html>", after=True))
        lost = await place(client, client_order_id="argo-1")
        again = await place(client, client_order_id="argo-1")
        found, _ = await answer(client.get("/v2/orders:by_client_order_id?client_order_id=argo-1"))

        assert (lost[0], again[0], found) == (504, 422, 200)
        assert len(trader.account.orders) == 1

    over_http(story, trader)


@pytest.mark.parametrize(("after", "orders"), [(False, 0), (True, 1)])
def test_a_dropped_connection_may_or_may_not_have_placed_the_order(after, orders):
    trader = Trader()

    async def story(client, server):
        server.faults.add(Fault(**ORDERS, drop=True, after=after))
        with pytest.raises(aiohttp.ClientConnectionError):
            await place(client)

        assert len(trader.account.orders) == orders
        assert (await answer(client.get("/v2/account")))[0] == 200

    over_http(story, trader)


@pytest.mark.parametrize(("after", "orders"), [(True, 1), deeply((False, 0))])
def test_a_late_answer_runs_into_the_clients_timeout(after, orders):
    trader = Trader()

    async def story(client, server):
        server.faults.add(Fault(**ORDERS, delay_seconds=30, after=after))
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.2):
                await place(client)

        assert len(trader.account.orders) == orders

    over_http(story, trader)


def test_faults_are_set_and_counted_over_http():
    async def story(client, _):
        path = "/_simulation/faults"
        await answer(client.put(path, json=[ORDERS | {"status": 500}]))
        _, waiting = await answer(client.post(path, json=[{"path": "/v2/account", "drop": True}]))
        wrong, _ = await answer(client.post(path, json=[{"nothing": 1}]))
        failed, _ = await place(client)
        cleared, _ = await answer(client.delete(path))
        _, left = await answer(client.get(path))

        assert [fault["path"] for fault in waiting] == ["/v2/orders", "/v2/account"]
        assert (wrong, failed, cleared, left) == (422, 500, 204, [])

    over_http(story)


def test_requests_are_counted_by_method_and_path_template():
    async def story(client, server):
        _, order = await place(client)
        await answer(client.get(f"/v2/orders/{order['id']}"))
        await answer(client.get("/v2/orders/none"))
        await answer(client.get("/v2/nothing"))
        _, state = await answer(client.get("/_simulation/state"))

        assert state["requests"] == {
            "GET /v2/orders/{order_id}": 2,
            "GET unknown path": 1,
            "POST /v2/orders": 1,
        }
        assert state["requests"] == dict(sorted(server.requests.items()))
        assert state["orders"] == {"key": 1}
        assert state["now"] == "2013-03-01T15:00:00.000000Z"

    over_http(story)
