import asyncio
import io
import json
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from argo.domain.conservation import sums
from argo.environment import load_configuration
from argo.records import of_days
from simulation.market.bars import load_bars
from worlds.backends import on_embedded_aws
from worlds.paths import CONFIGURATION, SAMPLE_BARS, TEMPLATE
from worlds.play import configured_for, play


@pytest.fixture(scope="module")
def result(aws):
    """Half a year of real daily bars, played once."""

    async def run():
        history = load_bars(SAMPLE_BARS).between(last=date(2013, 3, 1))
        configuration = configured_for(load_configuration(CONFIGURATION), history)
        logs = io.StringIO()
        resources = aws.create_resources(TEMPLATE)
        ledger, what = await play(
            history,
            configuration,
            backend=partial(on_embedded_aws, aws=aws, resources=resources),
            log_to=logs,
            first=date(2012, 9, 4),
            on_step=lambda *_: None,
        )
        rows = await of_days(ledger, what.executors, aws.days(resources.table))
        return what, rows, logs.getvalue()

    return asyncio.run(run())


def executions(rows, executor):
    """Return an account's executions; a signal that it did not want has none."""
    return [row.executions[executor] for row in rows if executor in row.executions]


def test_a01_every_signal_ends_with_an_order_id_or_a_typed_reason(result):
    what, rows, _ = result

    assert len(rows) > 30
    for row in rows:
        for executor in what.executors:
            found = row.executions.get(executor)
            reason = found.reason if found else row.declined[executor]
            assert (found is None or found.order_id is None) != (reason is None)


def test_the_sum_adds_up_for_every_account_and_orders_were_placed(result):
    what, rows, _ = result

    accounts = sums(rows, what.executors)

    assert {(account.gap, account.unresolved) for account in accounts} == {(0, 0)}
    assert all(account.with_order > 3 for account in accounts if account.executor in {"argo", "prop_firm"})
    assert not any(account.is_silent for account in accounts)


def test_a10_the_figures_are_the_brokers_to_the_cent(result):
    what, rows, _ = result

    for executor in what.executors:
        found = executions(rows, executor)
        closed = sum((each.realised_profit or Decimal(0)) for each in found)
        open_cost = sum(
            fill.quantity * fill.price * (1 if each.side == "buy" else -1)
            for each in found
            for fill in each.fills
            if each.realised_profit is None
        )
        assert what.cash[executor] == Decimal(100_000) + closed - open_cost


def test_every_order_of_the_broker_is_in_the_ledger_and_the_other_way_round(result):
    what, rows, _ = result

    for executor in what.executors:
        ledgers = {each.order_id for each in executions(rows, executor)} - {None}
        assert ledgers == what.entries[executor]


def test_a_signal_can_be_followed_through_the_logs_of_all_functions(result):
    _, rows, logs = result
    ordered = next(each for each in executions(rows, "argo") if each.realised_profit is not None)

    records = [json.loads(line) for line in logs.splitlines()]

    told = [record["message"] for record in records if record.get("signal_id") == ordered.signal_id]
    assert told[0] == "signal_generated"
    assert "order_submitted" in told
    assert told[-1] == "execution_moved"
