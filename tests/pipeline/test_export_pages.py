"""Ledgers of many pages, read to their end for an export."""

import asyncio
from datetime import timedelta

import pytest

from argo.records import parts
from console.export.columns import trades_of
from tests.pipeline.pipeline import DAY, EXECUTORS, MINUTE, OPENS
from tests.unit.builders import a_signal


def read_all(pipeline, *days):
    async def joined():
        return [each async for part in parts(pipeline.ledger, EXECUTORS, days) for each in part]

    return asyncio.run(joined())


@pytest.mark.deep
def test_more_signals_than_a_page_holds_come_once_each_with_their_executions(pipeline):
    signals = [
        a_signal(created_at=OPENS + timedelta(seconds=number // 2), bar_time=OPENS - timedelta(seconds=number))
        for number in range(430)
    ]
    taken = {"argo": set(range(0, 430, 2)), "prop_firm": set(range(0, 430, 3))}

    async def fill():
        for number, signal in enumerate(signals):
            await pipeline.ledger.put_signal(signal, executors=set(EXECUTORS))
            for executor in EXECUTORS:
                if number in taken[executor]:
                    await pipeline.ledger.claim(signal, executor, now=OPENS, lease=MINUTE)
        # In the first page, and under another time: it is asked for by its id.
        redated = signals[-1].model_copy(update={"created_at": OPENS - MINUTE})
        await pipeline.ledger.claim(redated, "argo", now=OPENS, lease=MINUTE)
        taken["argo"].add(len(signals) - 1)

    asyncio.run(fill())

    found = read_all(pipeline, DAY)

    ids = [joined.stored.signal.signal_id for joined in found]
    assert ids == [s.signal_id for s in sorted(signals, key=lambda s: (s.created_at, s.signal_id), reverse=True)]
    executions = {execution.key for joined in found for execution in joined.executions.values()}
    assert executions == {(signals[number].signal_id, name) for name, some in taken.items() for number in some}
    assert all(
        trade.execution is None or trade.execution.key[0] == joined.stored.signal.signal_id
        for joined in found
        for trade in trades_of(joined)
    )
    assert len({(t.record.signal_id, t.executor) for joined in found for t in trades_of(joined)}) == 2 * len(
        signals
    )


def test_an_execution_that_stands_under_another_time_is_its_signals(pipeline):
    signal = a_signal()
    redated = signal.model_copy(update={"created_at": signal.created_at - timedelta(seconds=1)})
    pipeline.store(signal)
    asyncio.run(pipeline.ledger.claim(redated, "argo", now=OPENS, lease=MINUTE))

    (joined,) = read_all(pipeline, DAY)

    assert [(trade.executor, trade.execution.state) for trade in trades_of(joined)] == [("argo", "CLAIMED")]


def test_an_execution_without_a_signal_is_a_trade_and_no_signal(pipeline):
    signal = a_signal()
    asyncio.run(pipeline.ledger.claim(signal, "argo", now=OPENS, lease=MINUTE))

    (joined,) = read_all(pipeline, DAY)

    assert joined.stored is None
    assert [trade.record.signal_id for trade in trades_of(joined)] == [signal.signal_id]
