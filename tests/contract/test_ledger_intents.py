import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.ledger import LostLease, Release, ReservationConflict, SymbolLocked
from tests.contract.backends import together
from tests.contract.workers import LEASE, an_intent, claim, intend, reserved, settle, signals
from tests.unit.builders import NOW, a_signal, an_entry_plan

pytestmark = pytest.mark.transaction

FIRST, RIVAL = a_signal(strategy="first"), a_signal(strategy="rival")
OTHER_SYMBOL = a_signal(symbol="MSFT")


def assert_nothing_is_written(ledger, before, account):
    """Neither the execution's intent, nor a reservation, nor the symbol's lock."""
    assert ledger.execution(*before.key) == before
    assert ledger.account("argo") == account
    assert intend(ledger, claim(ledger, a_signal(strategy="probe"))).state is ExecutionState.SUBMITTING


def test_b12_an_intent_writes_order_body_reservation_and_lock(ledger):
    execution = claim(ledger, FIRST)
    plan = an_entry_plan(client_order_id=execution.client_order_id)
    intent = an_intent(
        execution,
        order_body=plan.body(),
        notional=plan.notional,
        risk=plan.risk,
        detail={"sized_on": "100000"},
    )

    intended = ledger.intend(execution, intent, account=ledger.account("argo"), now=NOW + LEASE / 2)

    assert intended == ledger.execution(*execution.key)
    exits = {"stop_price": str(plan.stop_price), "target_price": str(plan.target_price)}
    assert (intended.planned_stop, intended.planned_target) == (plan.stop_price, plan.target_price)
    assert (intended.state, intended.attempts) == (ExecutionState.SUBMITTING, 1)
    assert intended.detail == intent.detail | exits
    assert (intended.order_body, intended.history[-1].at) == (plan.body(), NOW + LEASE / 2)
    assert (intended.reserved_notional, intended.reserved_risk) == (plan.notional, plan.risk) == reserved(ledger)
    with pytest.raises(SymbolLocked):
        intend(ledger, claim(ledger, RIVAL))


def test_b12_a_reservation_on_an_account_that_has_moved_conflicts(ledger):
    view = ledger.account("argo")
    intend(ledger, claim(ledger, OTHER_SYMBOL), account=view)
    execution, account = claim(ledger, FIRST), ledger.account("argo")

    with pytest.raises(ReservationConflict):
        intend(ledger, execution, account=view)

    assert_nothing_is_written(ledger, execution, account)


def test_reservations_on_the_account_as_it_is_add_up(ledger):
    for signal, notional, risk in ((FIRST, "0.1", "0.01"), (OTHER_SYMBOL, "0.2", "0.02")):
        intend(ledger, claim(ledger, signal), notional=notional, risk=risk)

    assert reserved(ledger) == (Decimal("0.3"), Decimal("0.03"))
    assert ledger.account("argo").version == 2
    assert reserved(ledger, "prop_firm") == (0, 0)


def test_a_locked_symbol_names_the_signal_that_holds_it(ledger):
    intend(ledger, claim(ledger, FIRST))
    rival, account = claim(ledger, RIVAL), ledger.account("argo")

    with pytest.raises(SymbolLocked) as locked:
        intend(ledger, rival)

    assert locked.value.args == (FIRST.signal_id,)
    assert ledger.execution(*rival.key) == rival
    assert ledger.account("argo") == account


def test_a_symbol_is_locked_at_one_account_only(ledger):
    intend(ledger, claim(ledger, FIRST))

    assert intend(ledger, claim(ledger, RIVAL, "prop_firm")).state is ExecutionState.SUBMITTING


def test_an_intent_of_a_worker_that_was_taken_over_writes_nothing(ledger):
    stalled, account = claim(ledger, FIRST), ledger.account("argo")
    successor = claim(ledger, FIRST, now=NOW + LEASE)

    with pytest.raises(LostLease):
        intend(ledger, stalled)

    assert_nothing_is_written(ledger, successor, account)


def test_an_intent_is_written_once(ledger):
    execution = claim(ledger, FIRST)
    intended, account = intend(ledger, execution), ledger.account("argo")

    with pytest.raises(LostLease):
        intend(ledger, execution)

    assert ledger.execution(*execution.key) == intended
    assert ledger.account("argo") == account


def test_ones_own_lock_does_not_stop_a_second_attempt(ledger):
    withdrawn = settle(
        ledger, intend(ledger, claim(ledger, FIRST)), ExecutionState.CLAIMED, release=Release.RESERVATION
    )

    again = intend(ledger, withdrawn)

    assert again.attempts == 2
    assert reserved(ledger) == (1000, 50)


def test_an_account_nobody_has_written_is_fresh(ledger):
    account = ledger.account("argo")

    assert (account.trading_state, account.version) == (TradingState.ACTIVE, 0)
    assert reserved(ledger) == (0, 0)


def test_a_halt_overtakes_a_reservation_made_on_an_older_view(ledger):
    intend(ledger, claim(ledger, OTHER_SYMBOL))
    execution, view = claim(ledger, FIRST), ledger.account("argo")

    ledger.set_trading_state("argo", TradingState.HALTED, reason="by hand", now=NOW)

    halted = ledger.account("argo")
    assert (halted.trading_state, halted.state_reason, halted.state_since) == ("HALTED", "by hand", NOW)
    assert (halted.reserved_notional, halted.version) == (1000, view.version + 1)
    with pytest.raises(ReservationConflict):
        intend(ledger, execution, account=view)
    assert_nothing_is_written(ledger, execution, halted)


def test_a_halt_of_a_fresh_account_overtakes_too(ledger):
    execution, view = claim(ledger, FIRST), ledger.account("argo")
    ledger.set_trading_state("argo", TradingState.REDUCING, reason="breach", now=NOW)

    with pytest.raises(ReservationConflict):
        intend(ledger, execution, account=view)

    assert ledger.account("prop_firm").trading_state is TradingState.ACTIVE


def test_b12_twenty_intents_at_once_reserve_exactly_their_sum(faithful):
    ledger = faithful.ledger()
    amounts = [Decimal(number) / 10 + Decimal("0.000000001") for number in range(1, 21)]

    async def reserve(signal, amount):
        granted = await ledger.port.claim(signal, "argo", now=NOW, lease=LEASE)
        intent = an_intent(granted.execution, notional=amount, risk=amount / 10)
        conflicts = 0
        while True:
            account = await ledger.port.account("argo")
            await asyncio.sleep(0)
            try:
                await ledger.port.intend(granted.execution, intent, account=account, now=NOW)
            except ReservationConflict:
                conflicts += 1
            else:
                return conflicts

    conflicts = together(*(reserve(*each) for each in zip(signals(20), amounts, strict=True)))

    assert sum(conflicts) > 0
    assert reserved(ledger) == (sum(amounts), sum(amounts) / 10)
    assert ledger.account("argo").version == 20


def test_two_signals_that_want_a_symbol_at_once_get_it_once(faithful):
    ledger = faithful.ledger()
    rivals = [claim(ledger, a_signal(strategy=f"rival {number}")) for number in range(8)]

    async def lock(execution):
        while True:
            account = await ledger.port.account("argo")
            await asyncio.sleep(0)
            try:
                intent = an_intent(execution, notional=1, risk=1)
                return await ledger.port.intend(execution, intent, account=account, now=NOW)
            except ReservationConflict:
                continue
            except SymbolLocked as locked:
                return locked.args[0]

    results = together(*(lock(execution) for execution in rivals))

    (holder,) = (result for result in results if not isinstance(result, str))
    assert results.count(holder.signal_id) == 7
    assert reserved(ledger) == (1, 1)


def test_a21_the_order_of_a_flip_is_found_by_its_own_id(ledger):
    execution = claim(ledger)
    flip = replace(an_intent(execution), client_order_id=f"argo-argo-{execution.signal_id}-flip")

    intended = ledger.intend(execution, flip, account=ledger.account("argo"), now=NOW)

    assert intended.client_order_id == flip.client_order_id
    assert ledger.execution(*execution.key).client_order_id == flip.client_order_id
