"""What a worker does with a ledger, in short words; what a test does not name is as it usually is."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from argo.domain.account import AccountState
from argo.domain.execution import TRANSITIONS, Execution, ExecutionState
from argo.domain.ledger import Claimed, Intent, Release, Settlement
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from tests.contract.backends import Plain
from tests.unit.builders import NOW, a_signal

LEASE = timedelta(seconds=90)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BOTH = frozenset({"argo", "prop_firm"})


def signals(number: int, **fields: object) -> list[Signal]:
    """Build signals of as many symbols, each a second later than the one before."""
    return [
        a_signal(symbol=Symbol(f"SYM{chr(65 + index)}"), created_at=NOW + timedelta(seconds=index), **fields)
        for index in range(number)
    ]


def claim(
    ledger: Plain, signal: Signal | None = None, executor: str = "argo", *, now: datetime = NOW
) -> Execution:
    granted = ledger.claim(signal or a_signal(), executor, now=now, lease=LEASE)
    assert isinstance(granted, Claimed)
    return granted.execution


def intend(
    ledger: Plain,
    execution: Execution,
    *,
    notional: object = 1000,
    risk: object = 50,
    account: AccountState | None = None,
    now: datetime = NOW,
) -> Execution:
    intent = an_intent(
        execution, notional=notional, risk=risk, order_body={"symbol": execution.symbol, "qty": "10"}
    )
    view = account or ledger.account(execution.executor)
    return ledger.intend(execution, intent, account=view, now=now)


def an_intent(
    execution: Execution,
    *,
    notional: object = 1000,
    risk: object = 50,
    order_body: Mapping[str, object] = {},
    detail: Mapping[str, str] = {},
) -> Intent:
    return Intent(
        execution.client_order_id,
        order_body=order_body,
        notional=Decimal(str(notional)),
        risk=Decimal(str(risk)),
        planned_stop=_price(order_body, "stop_loss", "stop_price"),
        planned_target=_price(order_body, "take_profit", "limit_price"),
        detail=detail,
    )


def _price(order_body: Mapping[str, object], leg: str, name: str) -> Decimal | None:
    return Decimal(order_body[leg][name]) if leg in order_body else None


def settle(
    ledger: Plain,
    execution: Execution,
    state: ExecutionState,
    *,
    release: Release = Release.NOTHING,
    now: datetime = NOW,
) -> Execution:
    return ledger.settle(execution, state, Settlement(release=release), now=now)


def reach(ledger: Plain, state: ExecutionState, signal: Signal | None = None) -> Execution:
    """Lead a signal's execution to a state, the shortest legal way, giving nothing back."""
    execution = claim(ledger, signal)
    for step in _way_to(state):
        if step is ExecutionState.SUBMITTING and execution.state is ExecutionState.CLAIMED:
            execution = intend(ledger, execution)
        else:
            execution = settle(ledger, execution, step)
    return execution


def reserved(ledger: Plain, executor: str = "argo") -> tuple[Decimal, Decimal]:
    account = ledger.account(executor)
    return account.reserved_notional, account.reserved_risk


def reached(state: ExecutionState, *values: object) -> object:
    """Parametrise by a state that the test reaches; an intent on the way there is a transaction."""
    intended = ExecutionState.SUBMITTING in _way_to(state)
    return pytest.param(state, *values, marks=[pytest.mark.transaction] if intended else [])


def _way_to(goal: ExecutionState) -> list[ExecutionState]:
    ways: deque[list[ExecutionState]] = deque([[ExecutionState.CLAIMED]])
    while ways[0][-1] is not goal:
        way = ways.popleft()
        ways += [[*way, following] for following in sorted(TRANSITIONS[way[-1]]) if following not in way]
    return ways[0][1:]
