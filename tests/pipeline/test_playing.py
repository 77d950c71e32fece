import asyncio
import io
import json
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest

from argo.domain.conservation import sums
from argo.environment import load_configuration
from argo.records import of_days
from simulation.market.bars import load_bars
from worlds.backends import on_embedded_aws, simulated_account
from worlds.paths import CONFIGURATION, SAMPLE_BARS, TEMPLATE
from worlds.play import configured_for, play


@pytest.fixture(scope="module")
def result(aws):
    """Half a year of real daily bars, played once: the broker's accounts, the ledger's records, the logs."""

    async def run():
        history = load_bars(SAMPLE_BARS).between(last=date(2013, 3, 1))
        configuration = configured_for(load_configuration(CONFIGURATION), history)
        logs = io.StringIO()
        resources = aws.create_resources(TEMPLATE)
        engines = []

        @contextmanager
        def backend(engine, accounts, clock):
            engines.append(engine)
            with on_embedded_aws(engine, accounts, clock, aws=aws, resources=resources) as connected:
                yield connected

        ledger = await play(
            history,
            configuration,
            backend=backend,
            log_to=logs,
            first=date(2012, 9, 4),
            on_step=lambda *_: None,
        )
        rows = await of_days(ledger, configuration.executors, aws.days(resources.table))
        accounts = {name: engines[0].accounts[simulated_account(name).key_id] for name in configuration.executors}
        return accounts, rows, logs.getvalue()

    return asyncio.run(run())


def executions(rows, executor):
    """Return an account's executions; a signal that it did not want has none."""
    return [row.executions[executor] for row in rows if executor in row.executions]


def test_a01_every_signal_ends_with_an_order_id_or_a_typed_reason(result):
    accounts, rows, _ = result

    assert len(rows) > 30
    for row in rows:
        for executor in accounts:
            found = row.executions.get(executor)
            reason = found.reason if found else row.declined[executor]
            assert (found is None or found.order_id is None) != (reason is None)


def test_the_sum_adds_up_for_every_account_and_orders_were_placed(result):
    accounts, rows, _ = result

    found = sums(rows, tuple(accounts))

    assert {(account.gap, account.unresolved) for account in found} == {(0, 0)}
    assert all(account.with_order > 3 for account in found if account.executor in {"argo", "prop_firm"})
    assert not any(account.is_silent for account in found)


def test_a10_the_figures_are_the_brokers_to_the_cent(result):
    accounts, rows, _ = result

    for executor in accounts:
        found = executions(rows, executor)
        closed = sum((each.realised_profit or Decimal(0)) for each in found)
        open_cost = sum(
            fill.quantity * fill.price * (1 if each.side == "buy" else -1)
            for each in found
            for fill in each.fills
            if each.realised_profit is None
        )
        assert accounts[executor].cash == Decimal(100_000) + closed - open_cost


def test_every_order_of_the_broker_is_in_the_ledger_and_the_other_way_round(result):
    accounts, rows, _ = result

    for executor in accounts:
        ledgers = {each.order_id for each in executions(rows, executor)} - {None}
        orders = accounts[executor].orders
        assert ledgers == orders.keys() - {leg.id for order in orders.values() for leg in order.legs}


def test_a_signal_can_be_followed_through_the_logs_of_all_functions(result):
    _, rows, logs = result
    ordered = next(each for each in executions(rows, "argo") if each.realised_profit is not None)

    records = [json.loads(line) for line in logs.splitlines()]

    told = [record["message"] for record in records if record.get("signal_id") == ordered.signal_id]
    assert told[0] == "signal_generated"
    assert "order_submitted" in told
    assert told[-1] == "execution_moved"
