"""An account with megabytes of open executions: each of them is followed, the newest too."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from string import ascii_uppercase

import pytest

from argo.adapters.aws import items
from argo.domain.execution import Execution, ExecutionState
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.symbols import Symbol
from reconciliation.run import REQUESTS_A_RUN, reconcile
from tests.contract.one_megabyte import PagesOfOneMegabyte
from tests.unit.builders import NOW, a_broker_order, an_execution
from tests.unit.reconciliation.in_memory import Exchange, a_wiring

SYMBOLS = ["".join(letters) for letters in product("MNOP", ascii_uppercase, ascii_uppercase)]
A_LOOK = 2
"""Requests that a filled bracket costs at most, the account's own not counted."""


def an_open_one(index: int, kilobytes: int) -> Execution:
    return an_execution(
        signal_id=f"{index:024x}",
        symbol=Symbol(SYMBOLS[index]),
        state=ExecutionState.SUBMITTED,
        order_id=f"entry {index}",
        created_at=NOW + timedelta(milliseconds=100 * index),
        detail={"planned_stop": "95", "planned_target": "110", "text": "x" * 1_000 * kilobytes},
    )


def filled_entry(execution: Execution) -> BrokerOrder:
    ours = {"symbol": str(execution.symbol), "quantity": Decimal(12), "client_order_id": execution.client_order_id}
    exits = [
        a_broker_order(order_id=f"{name} of {execution.order_id}", side="sell", status=status, **prices | ours)
        for name, status, prices in (
            ("target", OrderStatus.NEW, {"limit_price": Decimal(110)}),
            ("stop", OrderStatus.HELD, {"stop_price": Decimal(95), "limit_price": None}),
        )
    ]
    done = {"filled_quantity": Decimal(12), "filled_average_price": Decimal(100), "filled_at": NOW}
    entry = {"order_id": execution.order_id, "status": OrderStatus.FILLED, "legs": tuple(exits)}
    return a_broker_order(**entry | done | ours)


def a_resting_entry(execution: Execution) -> BrokerOrder:
    resting = {"order_id": execution.order_id, "status": OrderStatus.NEW, "symbol": str(execution.symbol)}
    return a_broker_order(client_order_id=execution.client_order_id, **resting)


@pytest.mark.deep
@pytest.mark.parametrize(("number", "kilobytes"), [(450, 3), (60, 100)])
@pytest.mark.parametrize(("emulator", "entries_filled"), [("moto", 30), ("ministack", 450)])
def test_c08_all_open_executions_are_followed_however_many_megabytes_they_are(
    request, emulator, entries_filled, number, kilobytes
):
    """Of moto, whose writes take ever longer, the newest only have changed: the others are as they are known."""
    backend = request.getfixturevalue(emulator)
    by_size = replace(backend, dynamodb=PagesOfOneMegabyte(backend.dynamodb))
    table, exchange = by_size.table(), Exchange()
    ledger = by_size.ledger(table).port
    for index in range(number):
        execution = an_open_one(index, kilobytes)
        by_size.dynamodb.put_item(TableName=table, Item=items.execution_item(execution))
        filled = number - index <= entries_filled
        exchange.add(filled_entry(execution) if filled else a_resting_entry(execution))
        if filled:
            exchange.held[str(execution.symbol)] = Decimal(12)
    wiring = a_wiring(ledger, exchange, now=NOW + timedelta(minutes=1))

    reports = [asyncio.run(reconcile(wiring))]
    while reports[-1].left_for_next and len(reports) <= number * A_LOOK // (REQUESTS_A_RUN - 10):
        reports.append(asyncio.run(reconcile(wiring)))

    found = asyncio.run(ledger.open_executions("argo", limit=5_000))
    changed = min(number, entries_filled)
    rests, filled = ExecutionState.SUBMITTED, ExecutionState.FILLED
    assert [each.state for each in found] == [rests] * (number - changed) + [filled] * changed
    assert by_size.dynamodb.pages > len(reports)
    assert max(report.broker_requests for report in reports) <= REQUESTS_A_RUN
