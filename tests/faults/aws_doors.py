"""The generator, the API and an operator on an AWS whose answers can be unkind."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from argo.adapters.wiring import Adapters
from argo.domain.account import TradingState
from argo.domain.symbols import Symbol
from argo.halts import set_trading_state
from argo.ports import Unavailable
from argo.publishing import publisher_for
from console.api_server import LocalContext
from generation.cycle import generate
from generation.wiring import wire
from tests.faults.aws_places import Place
from tests.pipeline.pipeline import EXECUTORS, MINUTE
from tests.unit.api.counter import BUY, a_request
from tests.unit.generation.bars import bars_of
from tests.unit.generation.generator import JUMP, QUIET, Above, a_configuration, rules, weighted
from tests.unit.generation.in_memory import Exchange, Feed
from trading_api.routes import answer
from trading_api.wiring import from_environment

_TWO_CYCLES = timedelta(seconds=12 + 9)
"""The time an invocation has left, for cycles every five seconds and the last one's reserve."""
_FUNCTION_TIME = timedelta(seconds=29)
_TRIES = 4


class Generation(Place):
    """A generator whose one symbol crosses; an older signal of it has come to its target."""

    own_table = True
    closes: Sequence[float] = (*QUIET, JUMP)

    def arrange(self):
        self.now = self.pipeline.clock.now().replace(second=0, microsecond=0)
        self.older = self.a_signal(bar_time=self.now - 10 * MINUTE, expires_at=self.now + MINUTE)
        asyncio.run(self.ledger.put_signal(self.older, executors=set(EXECUTORS)))
        asyncio.run(self.ledger.mark_published(self.older.signal_id, set(EXECUTORS)))

    def work(self):
        adapters = Adapters(self.environment, self.pipeline.clock)
        symbol = Symbol(self.symbol)
        feed = Feed({symbol: bars_of(self.closes, end=self.now)}, self.pipeline.clock)
        parts = {"broker": Exchange(self.pipeline.clock.now), "market_data": feed, "queue": None}
        ports = self.given(adapters, **parts)
        configuration = a_configuration(generation=rules(), watchlist=(symbol,))
        wiring = wire(ports, configuration, asking=weighted(above=Above(100, 98.0)))
        self.invoke(wiring)
        if self.aws.struck:
            self.invoke(wiring)

    def invoke(self, wiring):
        # Lambda says that the function failed; the scheduler's next tick comes all the same.
        with suppress(Unavailable):
            asyncio.run(generate({}, wiring, time_left=_TWO_CYCLES))

    def outcome(self):
        page = asyncio.run(self.ledger.signals_of(f"{self.now:%F}", limit=100))
        old, new = sorted(page.items, key=lambda each: each.signal.bar_time)
        assert not new.awaiting
        return sorted(new.published_to), old.outcome.ending


class Outbox(Generation):
    """A generator that finds what another one has stored and, as it crashed, not sent."""

    closes = QUIET
    left_for = 10 * MINUTE

    def arrange(self):
        super().arrange()
        times = {"bar_time": self.now - 3 * MINUTE, "created_at": self.now - 2 * MINUTE}
        self.left = self.a_signal(**times, expires_at=self.now + self.left_for)
        asyncio.run(self.ledger.put_signal(self.left, executors=set(EXECUTORS)))


class Expired(Outbox):
    """A generator that finds what has been left until it was too late."""

    left_for = -MINUTE

    def outcome(self):
        return asyncio.run(self.ledger.signal(self.left.signal_id)).declined, super().outcome()


class Request(Place):
    """A client of the API's that asks again as long as it is told to."""

    own_table = True
    method, path, body = "GET", None, None

    def work(self):
        made = from_environment(self.environment, self.pipeline.clock)
        ports = self.given(made.ports)
        wiring = replace(made, ports=ports, publisher=publisher_for(made.configuration, ports))
        event = a_request(self.method, self.path, self.body and json.dumps(self.body))
        for _ in range(_TRIES):
            answered = answer(event, LocalContext(_FUNCTION_TIME.total_seconds()), wiring, _FUNCTION_TIME)
            if answered["statusCode"] != 503:
                break
            self.pipeline.pass_time(timedelta(seconds=1))
        self.answered = answered["statusCode"], json.loads(answered["body"])


class Halt(Request):
    """A request that halts an account."""

    method, path, body = "POST", "/api/v1/trading/argo/halt", {"reason": "lunch"}

    def outcome(self):
        account = asyncio.run(self.ledger.account("argo"))
        return self.answered[0], account.trading_state, account.state_reason


class OutsideSignal(Request):
    """A request that publishes a signal."""

    method, path = "POST", "/api/v1/trading/execute"

    def arrange(self):
        began = self.pipeline.clock.now().replace(second=0, microsecond=0)
        self.body = BUY | {"symbol": self.symbol, "bar_time": began.isoformat()}

    def outcome(self):
        status, found = self.answered
        stored = asyncio.run(self.ledger.signal(found["signal_id"]))
        assert not stored.awaiting
        assert found["created"]
        return status, found["pending"], sorted(stored.published_to)


class Reading(Request):
    """A request that reads what a signal and two accounts have come to."""

    def arrange(self):
        self.signal = self.a_signal()
        asyncio.run(self.ledger.put_signal(self.signal, executors={"argo"}))
        asyncio.run(self.ledger.mark_published(self.signal.signal_id, {"argo"}))
        now, lease = self.pipeline.clock.now(), timedelta(minutes=1)
        asyncio.run(self.ledger.claim(self.signal, "argo", now=now, lease=lease))

    def outcome(self):
        status, found = self.answered
        return status, sorted(found), "argo" in json.dumps(found)


class ReadStatus(Reading):
    """A request for the accounts' status."""

    path = "/api/v1/trading/status"


class ReadSignals(Reading):
    """A request for a day's signals."""

    path = "/api/v1/signals"


class ReadSignal(Reading):
    """A request for one signal."""

    def arrange(self):
        super().arrange()
        self.path = f"/api/v1/signals/{self.signal.signal_id}"


class Resumed(Place):
    """An operator resumes an account whose drawdown is measured anew."""

    own_table = True

    def arrange(self):
        now = self.pipeline.clock.now()
        asyncio.run(self.ledger.set_trading_state(self.executor, TradingState.HALTED, reason="a limit", now=now))

    def work(self):
        adapters = Adapters(self.environment, self.pipeline.clock)
        ledger = self.given(adapters).ledger
        state = TradingState.ACTIVE
        asked = set_trading_state(
            ledger, self.pipeline.clock, self.executor, state, reason="lunch is over", measure_anew=True
        )
        asyncio.run(asked)

    def outcome(self):
        return self.account.trading_state, self.account.state_reason
