"""One digest for ledgers that hold the same, wherever they keep it; another one for any difference."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradeExit, TradingState
from argo.domain.execution import ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.placements import Fill, Protection
from argo.domain.signal import Ending, SignalOutcome
from argo.domain.symbols import Symbol
from simulation.ports.ledger import InMemoryLedger, digest
from simulation.ports.ledger.digest import contents
from tests.contract.backends import Plain
from tests.contract.workers import BOTH, claim, intend, settle, signals
from tests.unit.builders import BAR_TIME, NOW, a_signal

TODAY = [NOW.date().isoformat()]
FILL = Fill(order_id="order-1", leg="entry", quantity=Decimal("12.50"), price=Decimal("100.10"), at=NOW)
SETTLED = Settlement(
    order_id="order-1",
    fills=(FILL,),
    detail={"request_id": "first"},
    realised_profit=Decimal("-12.340"),
    trade_exit=TradeExit(a_signal().signal_id, "AAPL", "exit", Decimal("-12.340"), NOW),
    release=Release.RESERVATION_AND_SYMBOL,
)


def of(ledger):
    return asyncio.run(digest(ledger.port, BOTH, TODAY))


def a_story(ledger, settled=SETTLED, *, notional="1000"):
    """Put a signal, trade it at one account to the end, and leave another execution open."""
    ledger.put_signal(a_signal(), executors=BOTH, declined={"third": "halted"})
    ledger.mark_published(a_signal().signal_id, BOTH)
    submitting = intend(ledger, claim(ledger), notional=notional)
    submitted = settle(ledger, submitting, ExecutionState.SUBMITTED)
    ledger.settle(submitted, ExecutionState.CLOSED, settled, now=NOW)
    intend(ledger, claim(ledger, a_signal(symbol=Symbol("MSFT"))), notional=notional)
    return ledger


def in_memory(*arguments, **changed):
    return a_story(Plain(InMemoryLedger(mode="simulated")), *arguments, **changed)


@pytest.mark.transaction
def test_every_ledger_that_was_told_the_same_has_the_same_digest(ledger):
    assert of(a_story(ledger)) == of(in_memory())


def test_a_ledger_in_memory_has_the_digest_that_is_read_through_its_port():
    ledger = in_memory()

    assert ledger.port.digest() == of(ledger)


def test_an_account_that_was_only_looked_at_is_no_difference():
    assert asyncio.run(digest(in_memory().port, [*BOTH, "nobody"], TODAY)) == of(in_memory())


def test_how_a_number_is_written_is_no_difference():
    other = replace(SETTLED, realised_profit=Decimal("-12.34"))

    assert of(in_memory(other, notional="1.0E+3")) == of(in_memory())


def test_the_brokers_request_id_is_no_difference():
    assert of(in_memory(replace(SETTLED, detail={"request_id": "second"}))) == of(in_memory())


def judged(ledger):
    ledger.record_outcome(a_signal().signal_id, SignalOutcome(ending=Ending.STOP, at=BAR_TIME, bars=1))


def guarded(ledger):
    execution = ledger.open_executions("argo", limit=1)[0]
    ledger.record_protection(execution, Protection(cover="none"), now=NOW)


@pytest.mark.parametrize(
    "difference",
    [
        lambda ledger: ledger.put_signal(a_signal(strategy="other"), executors=()),
        judged,
        guarded,
        lambda ledger: claim(ledger, executor="prop_firm"),
        lambda ledger: ledger.set_trading_state("argo", TradingState.HALTED, reason="by hand", now=NOW),
        lambda ledger: ledger.measure_anew("prop_firm"),
    ],
    ids=["a signal", "an outcome", "a guard", "a claim", "a halt", "an account"],
)
def test_whatever_is_written_makes_another_digest(difference):
    ledger = in_memory()
    before = of(ledger)

    difference(ledger)

    assert of(ledger) == ledger.port.digest() != before


@pytest.mark.parametrize(
    "learnt",
    [
        replace(SETTLED, order_id="order-2"),
        replace(SETTLED, reason="broker says no"),
        replace(SETTLED, detail={"entry": "new"}),
        replace(SETTLED, fills=(FILL.model_copy(update={"price": Decimal("100.11")}),)),
        replace(SETTLED, fills=(FILL.model_copy(update={"at": NOW + timedelta(microseconds=1)}),)),
        replace(SETTLED, trade_exit=replace(SETTLED.trade_exit, leg="stop_loss")),
    ],
    ids=["order", "reason", "detail", "price", "time", "exit"],
)
def test_whatever_an_execution_learns_makes_another_digest(learnt):
    assert of(in_memory(learnt)) != of(in_memory())


def test_the_order_in_which_signals_were_put_is_no_difference():
    forwards, backwards = (Plain(InMemoryLedger(mode="simulated")) for _ in range(2))
    for ledger, batch in ((forwards, signals(3)), (backwards, signals(3)[::-1])):
        for signal in batch:
            ledger.put_signal(signal, executors=BOTH)

    assert of(forwards) == of(backwards)


def test_every_page_is_read():
    ledger = Plain(InMemoryLedger(mode="simulated"))
    for number in range(101):
        ledger.put_signal(a_signal(strategy=f"strategy {number}"), executors=BOTH)
        claim(ledger, a_signal(strategy=f"strategy {number}"))

    lines = asyncio.run(contents(ledger.port, BOTH, TODAY))

    assert (len(lines), of(ledger)) == (202, ledger.port.digest())


def test_all_that_a_ledger_in_memory_holds_can_be_looked_at():
    ledger = in_memory().port

    assert [stored.signal for stored in ledger.every_signal] == [a_signal()]
    assert [one.state for one in ledger.every_execution] == [ExecutionState.CLOSED, ExecutionState.SUBMITTING]
    assert [(account.executor, account.exits) for account in ledger.every_account] == [
        ("argo", (SETTLED.trade_exit,))
    ]
