"""A run is played on embedded AWS; its books add up, and a replay leaves the same ledger."""

import asyncio
import io
import json
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pytest

from argo.domain.conservation import sums
from argo.domain.execution import ExecutionState
from argo.domain.ledger import SignalRecord
from argo.environment import load_configuration
from argo.records import of_days
from console import playing
from simulation.broker.account import Account
from simulation.market.bars import load_bars
from simulation.ports.ledger import digest
from simulation.ports.ledger.digest import contents
from worlds.backends import on_embedded_aws, simulated_account
from worlds.paths import CONFIGURATION, SAMPLE_BARS, TEMPLATE
from worlds.play import configured_for, play

FIRST, LAST = date(2012, 9, 4), date(2012, 12, 3)


class Played(NamedTuple):
    """What a quarter on embedded AWS leaves: the broker's accounts, the ledger's records, the logs; the ledger as
    a line a record, and their digest."""

    accounts: Mapping[str, Account]
    rows: list[SignalRecord]
    logs: str
    lines: list[str]
    sha256: str


@pytest.fixture(scope="module")
def result(aws):
    """A quarter of real daily bars, played once."""

    async def run():
        history = load_bars(SAMPLE_BARS).between(last=LAST)
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
            first=FIRST,
            on_step=lambda *_: None,
        )
        names, days = configuration.executors, aws.days(resources.table)
        return Played(
            {name: engines[0].accounts[simulated_account(name).key_id] for name in names},
            await of_days(ledger, names, days),
            logs.getvalue(),
            await contents(ledger, names, days),
            await digest(ledger, names, days),
        )

    return asyncio.run(run())


def executions(rows, executor):
    """Return an account's executions; a signal that it did not want has none."""
    return [row.executions[executor] for row in rows if executor in row.executions]


def test_a01_every_signal_ends_with_an_order_id_or_a_typed_reason(result):
    accounts, rows = result.accounts, result.rows

    assert len(rows) > 20
    for row in rows:
        for executor in accounts:
            found = row.executions.get(executor)
            reason = found.reason if found else row.declined[executor]
            assert (found is None or found.order_id is None) != (reason is None)


def test_the_sum_adds_up_for_every_account_and_orders_were_placed(result):
    accounts, rows = result.accounts, result.rows

    found = sums(rows, tuple(accounts))

    assert {(account.gap, account.unresolved) for account in found} == {(0, 0)}
    assert all(account.with_order > 3 for account in found if account.executor in {"argo", "prop_firm"})
    assert not any(account.is_silent for account in found)


def test_a10_the_figures_are_the_brokers_to_the_cent(result):
    accounts, rows = result.accounts, result.rows

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
    accounts, rows = result.accounts, result.rows

    for executor in accounts:
        ledgers = {each.order_id for each in executions(rows, executor)} - {None}
        orders = accounts[executor].orders
        assert ledgers == orders.keys() - {leg.id for order in orders.values() for leg in order.legs}


def test_a_signal_can_be_followed_through_the_logs_of_all_functions(result):
    rows, logs = result.rows, result.logs
    ordered = next(each for each in executions(rows, "argo") if each.realised_profit is not None)

    records = [json.loads(line) for line in logs.splitlines()]

    told = [record["message"] for record in records if record.get("signal_id") == ordered.signal_id]
    assert told[0] == "signal_generated"
    assert "order_submitted" in told
    assert told[-1] == "execution_moved"


def test_a_replay_leaves_the_ledger_that_a_run_on_embedded_aws_leaves(result):
    history = load_bars(SAMPLE_BARS).between(last=LAST)
    configuration = configured_for(load_configuration(CONFIGURATION), history)

    found = asyncio.run(playing.play_bars(history, configuration, playing.in_this_process(), first=FIRST))

    days = {row.created_at.date().isoformat() for row in found.reading.records}
    assert asyncio.run(contents(found.ledger, found.reading.executors, days)) == result.lines
    assert found.sha256 == result.sha256


def test_the_quarter_has_what_two_ledgers_could_differ_in(result):
    states = {state for state in ExecutionState if any(f"'{state}'" in line for line in result.lines)}

    assert len(result.lines) > 30
    assert states >= {ExecutionState.DENIED, ExecutionState.FILLED, ExecutionState.CLOSED}
