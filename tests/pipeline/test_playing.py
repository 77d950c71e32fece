import asyncio
import io
import json
from datetime import date
from decimal import Decimal

import pytest

from argo.environment import load_configuration
from console.paths import CONFIGURATION, SAMPLE_BARS, TEMPLATE
from console.play import configured_for, play
from console.summary import read_rows, sums
from simulation.bars import load_bars


@pytest.fixture(scope="module")
def result(aws):
    """Half a year of real daily bars, played once."""

    async def run():
        tape = load_bars(SAMPLE_BARS).between(last=date(2013, 3, 1))
        configuration = configured_for(load_configuration(CONFIGURATION), tape)
        logs = io.StringIO()
        world, what = await play(
            tape,
            configuration,
            aws=aws,
            template=TEMPLATE,
            log_to=logs,
            first=date(2012, 9, 4),
            on_step=lambda *_: None,
        )
        rows = await read_rows(world.ledger, what.executors, aws.days(world.table))
        return what, rows, logs.getvalue()

    return asyncio.run(run())


def test_a01_every_signal_ends_with_an_order_id_or_a_typed_reason(result):
    what, rows, _ = result

    outcomes = [row.executions[executor] for row in rows for executor in what.executors]

    assert len(rows) > 30
    assert all((outcome.order_id is None) != (outcome.reason is None) for outcome in outcomes)


def test_the_sum_adds_up_for_both_accounts_and_orders_were_placed(result):
    what, rows, _ = result

    accounts = sums(rows, what.executors)

    assert [account.gap for account in accounts] == [0, 0]
    assert [account.unresolved for account in accounts] == [0, 0]
    assert all(account.with_order > 3 for account in accounts)
    assert not any(account.is_silent for account in accounts)


def test_a10_the_figures_are_the_brokers_to_the_cent(result):
    what, rows, _ = result

    for executor in what.executors:
        closed = sum((row.executions[executor].realised_profit or Decimal(0)) for row in rows)
        open_cost = sum(
            fill.quantity * fill.price * (1 if row.executions[executor].side == "buy" else -1)
            for row in rows
            for fill in row.executions[executor].fills
            if row.executions[executor].realised_profit is None
        )
        assert what.cash[executor] == Decimal(100_000) + closed - open_cost


def test_every_order_of_the_broker_is_in_the_ledger_and_the_other_way_round(result):
    what, rows, _ = result

    for executor in what.executors:
        ledgers = {row.executions[executor].order_id for row in rows} - {None}
        assert ledgers == what.entries[executor]


def test_a_signal_can_be_followed_through_the_logs_of_all_functions(result):
    _, rows, logs = result
    ordered = next(row for row in rows if row.executions["argo"].realised_profit is not None)

    records = [json.loads(line) for line in logs.splitlines()]

    told = [record["message"] for record in records if record.get("signal_id") == ordered.signal_id]
    assert told[0] == "signal_generated"
    assert "order_submitted" in told
    assert told[-1] == "execution_moved"
