"""Serve a trader's broker over HTTP inside a test that is not asynchronous itself."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from simulation.broker.server import BrokerServer
from tests.simulation.trader import KEYS, Trader


def over_http(
    story: Callable[[aiohttp.ClientSession, BrokerServer], Awaitable[None]],
    trader: Trader | None = None,
    **options: object,
) -> None:
    async def run() -> None:
        server = BrokerServer((trader or Trader()).broker, **options)
        url = await server.start()
        try:
            async with aiohttp.ClientSession(url, headers=KEYS) as client:
                await story(client, server)
        finally:
            await server.stop()

    asyncio.run(run())


async def answer(request: Awaitable[aiohttp.ClientResponse]) -> tuple[int, object]:
    response = await request
    async with response:
        body = await response.json() if response.content_type == "application/json" else None
        return response.status, body


async def place(client: aiohttp.ClientSession, **terms: object) -> tuple[int, object]:
    body = {"symbol": "AAPL", "side": "buy", "qty": "10", "type": "market", "time_in_force": "gtc"} | terms
    return await answer(client.post("/v2/orders", json=body))
