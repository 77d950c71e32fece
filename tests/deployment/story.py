"""What happens in the session: everything once that needs an AWS call or writes a metric, misfortunes included."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal

from argo.adapters.clock import SystemClock
from argo.domain.signal import Side, signal_id
from argo.domain.symbols import Symbol
from tests.deployment.session import ACCOUNTS, Stack

DOWN = {"method": "*", "path": "/v2/*", "times": 1_000, "drop": True}
NO_MONEY = {
    "method": "POST",
    "path": "/v2/orders",
    "status": 403,
    "body": {"code": 40310000, "message": "insufficient buying power"},
}
UNAUTHORISED = {"method": "*", "path": "/v*", "times": 1_000, "status": 401, "body": {"message": "unauthorized."}}
HOUR = timedelta(hours=1)


def play(stack: Stack) -> None:
    """Let everything happen once that needs an AWS call or writes a metric."""
    assert stack.generate()["signals"] >= 2
    assert stack.generate()["signals"] == 0
    found = {executor: stack.waiting(executor) for executor in ACCOUNTS}
    for executor in ACCOUNTS:
        _trade(stack, executor, found[executor])
    for name in ("health", "status", "signals", "signal", "execute-malformed"):
        stack.ask(f"api-{name}")
    for executor in ACCOUNTS:
        _stumble(stack, executor, found[executor][0])
    with stack.broker_fault(**UNAUTHORISED):
        assert stack.generate()["failed"]
    stack.ask("api-execute", symbol="AAPL", bar_time=SystemClock().now().isoformat())
    stack.ask("api-halt")


def _trade(stack, executor, found):
    """Execute what was generated, then the opposite of what is held, and follow both."""
    assert stack.execute(executor) == set()
    assert stack.reconcile(executor)["moved"] == {"FILLED": 1}
    held = next(each for each in found if _state(stack, each, executor) == "FILLED")
    turned = _against(held)
    asyncio.run(stack.ledger.put_signal(turned, executors={executor}))
    asyncio.run(stack.ledger.mark_published(turned.signal_id, {executor}))
    for _ in range(5):
        stack.execute(executor, turned.model_dump_json())
        stack.reconcile(executor)
        if _state(stack, held, executor) == "CLOSED":
            return
    raise AssertionError(f"{executor}: {_state(stack, held, executor)}")


def _stumble(stack, executor, known):
    """Meet poison, a broker that is down, a worker that died, and a key that is refused."""
    stack.execute(executor, "poison", known.model_copy(update={"schema_version": 1}).model_dump_json())
    fresh = [_fresh(known, hours, stack.price("MSFT")) for hours in (1, 2, 3, 4, 5)]
    for each in fresh:
        asyncio.run(stack.ledger.put_signal(each, executors={executor}))
        asyncio.run(stack.ledger.mark_published(each.signal_id, {executor}))
    with stack.broker_fault(**NO_MONEY):
        stack.execute(executor, fresh[3].model_dump_json())
    assert _state(stack, fresh[3], executor) == "REJECTED"
    with stack.broker_fault(**DOWN):
        assert len(stack.execute(executor, fresh[0].model_dump_json())) == 1
        assert stack.reconcile(executor)["unanswered"]
    unreadable = json.loads(fresh[2].model_dump_json()) | {"schema_version": 99}
    stack.execute(executor, json.dumps(unreadable))
    with stack.broker_fault(**UNAUTHORISED):
        stack.execute(executor, fresh[4].model_dump_json())
        stack.reconcile(executor)
    assert asyncio.run(stack.ledger.account(executor)).trading_state == "HALTED"
    dead = SystemClock().now() - timedelta(minutes=3)
    asyncio.run(stack.ledger.claim(fresh[1], executor, now=dead, lease=timedelta(seconds=30)))
    assert stack.reconcile(executor)["returned"] == 1
    stack.execute(executor)
    assert _state(stack, fresh[1], executor) == "DENIED"


def _state(stack, signal, executor):
    return asyncio.run(stack.ledger.execution(signal.signal_id, executor)).state


def _against(held):
    """Return the signal for the other side, made now."""
    below, above = held.entry_price * Decimal("0.99"), held.entry_price * Decimal("1.01")
    down = held.side is Side.BUY
    prices = {"stop_price": above if down else below, "target_price": below if down else above}
    prices = {name: price.quantize(Decimal("0.01")) for name, price in prices.items()}
    return _made_now(held, side=held.side.opposite, confidence=Decimal(90), **prices)


def _fresh(known, hours, price):
    """Return a strong signal of a symbol that nobody has traded, each on a bar of its own, made now."""
    prices = {"entry_price": price, "stop_price": price * Decimal("0.99"), "target_price": price * Decimal("1.02")}
    prices = {name: each.quantize(Decimal("0.01")) for name, each in prices.items()}
    bar = known.bar_time - hours * HOUR
    return _made_now(known, symbol=Symbol("MSFT"), side=Side.BUY, confidence=Decimal(90), bar_time=bar, **prices)


def _made_now(signal, **changes):
    now = SystemClock().now()
    fields = {name: getattr(signal, name) for name in type(signal).model_fields}
    fields |= {"created_at": now, "expires_at": now + timedelta(minutes=5)} | changes
    fact = ("strategy", "strategy_version", "symbol", "side", "timeframe", "bar_time")
    return type(signal)(**fields | {"signal_id": signal_id(**{name: fields[name] for name in fact})})
