"""A signal against a position: what it closes, what it waits for, and how its own way ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from argo.closing import Rules as ClosingRules
from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous
from argo.domain.ledger import LostLease, ReservationConflict
from execution.flow import Flow
from execution.wiring import Rules
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring as ReconciliationWiring
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount, against

SILENT = Ambiguous("timeout")
BOTH = pytest.mark.parametrize("flip", [False, True], ids=["without flip", "with flip"])


def outcome(account, signal):
    execution = account.execution(signal)
    return execution.state, execution.reason or execution.obstacle


def a_reconciler(account):
    return lambda: reconcile(ReconciliationWiring(account.ports, "argo", account.profile))


def test_a20_a_signal_against_a_position_closes_it_and_nothing_else():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)

    assert account.deliver(opposite) is None

    (exited,) = account.orders("exit")
    closed = account.execution(opposite)
    assert (closed.state, closed.order_id, closed.closes) == ("CLOSED", exited.id, held.signal_id)
    assert account.execution(held).exit.why == f"signal {opposite.signal_id}"
    assert (account.held(), len(account.orders("flip"))) == (0, 0)
    assert len(account.events("position_closed_by_signal")) == 1


def test_a21_a_flip_closes_the_position_and_then_opens_the_other_side():
    account = OneAccount(flip=True)
    held = account.hold()
    opposite = against(held)

    account.execute(opposite)

    (flipped,) = account.orders("flip")
    assert account.execution(held).state is ExecutionState.CLOSED
    assert account.execution(opposite).state is ExecutionState.SUBMITTED
    assert account.held() == -flipped.quantity
    assert set(account.state.holdings) == {"AAPL"}
    assert account.state.holdings["AAPL"].signal_id == opposite.signal_id


def test_a_signal_on_the_side_of_a_position_closes_nothing():
    account = OneAccount()
    held = account.hold()
    other = against(held, side=held.side, bar_time=held.bar_time - timedelta(minutes=1))

    account.deliver(other)

    assert outcome(account, other) == ("DENIED", "already_positioned")
    assert account.execution(other).closes is None
    assert account.execution(held).exit is None


@BOTH
def test_a_halted_account_is_left_all_the_same_and_nothing_new_is_opened(flip):
    account = OneAccount(flip=flip)
    held = account.hold()
    account.set_trading_state(TradingState.HALTED)
    opposite = against(held)

    account.execute(opposite)

    assert account.held() == 0
    assert outcome(account, opposite) == (("DENIED", "halted") if flip else ("CLOSED", "awaiting_exit"))


def test_a_position_is_not_left_while_the_exchange_is_closed():
    account = OneAccount()
    held = account.hold()
    account.set_time(OPENS, is_open=False)
    opposite = against(held)

    account.deliver(opposite)

    assert outcome(account, opposite) == ("DENIED", "market_closed")
    assert (account.execution(held).exit, account.execution(opposite).closes) == (None, None)


@pytest.mark.parametrize(
    ("method", "fault", "obstacle"),
    [
        ("positions", SILENT, "broker_unreachable"),
        ("account", ReservationConflict(), "reservation_contended"),
        ("cancel", SILENT, "broker_unreachable"),
        ("submit", SILENT, "broker_unreachable"),
        ("record_exit", LostLease(), "awaiting_exit"),
    ],
)
def test_what_stands_in_an_exits_way_is_waited_for_and_the_next_delivery_goes_on(method, fault, obstacle):
    account = OneAccount()
    held = account.hold()
    opposite = against(held)
    account.faults[method] = [fault]

    later = account.deliver(opposite)
    waiting = outcome(account, opposite)
    account.pass_time(later.delay.total_seconds())
    last = account.deliver(opposite, 2)

    assert waiting == ("CLAIMED", obstacle)
    assert last is None
    assert account.execution(opposite).state is ExecutionState.CLOSED
    assert (account.held(), len(account.orders("exit"))) == (0, 1)


def test_an_exit_whose_position_has_moved_meanwhile_is_tried_again_in_two_seconds():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)
    account.faults["record_exit"] = [LostLease()]

    later = account.deliver(opposite)

    found = account.execution(opposite)
    assert found.detail["exit"] == "its execution moved meanwhile"
    assert (later.delay, found.lease_until) == (timedelta(seconds=2), OPENS + timedelta(seconds=2))


def test_an_exit_that_has_begun_goes_on_though_the_exchange_has_closed_since():
    account = OneAccount(flip=True)
    held = account.hold()
    opposite = against(held)
    account.faults["cancel"] = [SILENT]
    account.deliver(opposite)

    account.set_time(OPENS + timedelta(seconds=30), is_open=False)
    account.deliver(opposite, 2)
    # The run has recorded all that is known of the exit: nothing is left to settle, and it is still waited for.
    account.reconcile()
    account.set_time(OPENS + timedelta(seconds=60), is_open=False)
    account.deliver(opposite, 3)
    waiting = account.execution(opposite)
    account.set_time(OPENS + timedelta(seconds=90))
    account.deliver(opposite, 4)

    assert (waiting.state, waiting.obstacle) == ("CLAIMED", "awaiting_exit")
    assert waiting.detail["exit"] == "the exit has not filled"
    assert account.execution(opposite).state is ExecutionState.SUBMITTED
    assert len(account.orders("exit")) == len(account.orders("flip")) == 1


@BOTH
def test_a_position_that_its_target_has_closed_was_not_closed_by_the_signal(flip):
    account = OneAccount(flip=flip)
    held = account.hold()
    account.set_price(111)
    opposite = against(held)

    account.deliver(opposite)

    assert account.execution(held).state is ExecutionState.CLOSED
    assert [fill.leg for fill in account.execution(held).fills] == ["entry", "take_profit"]
    assert account.orders("exit") == []
    if flip:
        assert account.execution(opposite).state is ExecutionState.SUBMITTED
    else:
        assert outcome(account, opposite) == ("DENIED", "nothing_held")
        assert account.execution(opposite).detail["held_by"] == held.signal_id


def test_an_exit_that_waits_ends_with_its_signals_life():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)
    account.faults["cancel"] = [SILENT, SILENT]
    account.deliver(opposite)

    account.set_time(opposite.expires_at)
    last = account.deliver(opposite, 2)

    assert last is None
    assert outcome(account, opposite) == ("EXPIRED", "broker_unreachable")
    assert account.execution(held).exit is not None


def test_a_signal_that_is_too_old_closes_nothing():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)
    account.set_time(opposite.expires_at)

    account.deliver(opposite)

    assert account.execution(opposite).state is ExecutionState.EXPIRED
    assert account.execution(held).exit is None


@pytest.mark.parametrize("by_another", [False, True])
def test_a_signal_finds_its_position_closed_by_its_own_exit_or_by_anothers(by_another):
    account = OneAccount()
    held = account.hold()
    opposite, other = against(held), against(held, bar_time=held.bar_time - timedelta(minutes=1))
    account.faults["cancel"] = [SILENT]
    account.deliver(other if by_another else opposite)
    if by_another:
        account.faults["cancel"] = [SILENT]
        account.deliver(opposite)
    # The reconciler goes on with the exit that is planned, before the signal's next delivery.
    account.pass_time(20)
    account.reconcile()
    account.reconcile()

    account.deliver(opposite, 2)

    assert account.execution(held).state is ExecutionState.CLOSED
    (exited,) = account.orders("exit")
    expected = ("DENIED", None) if by_another else ("CLOSED", exited.id)
    assert (account.execution(opposite).state, account.execution(opposite).order_id) == expected


def test_a_signal_whose_exit_was_never_sent_has_not_closed_what_the_target_took():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)
    account.faults["cancel"] = [SILENT]
    account.deliver(opposite)
    account.set_price(111)
    account.pass_time(20)
    account.reconcile()

    account.deliver(opposite, 2)

    assert account.execution(held).state is ExecutionState.CLOSED
    assert account.execution(held).exit.why == f"signal {opposite.signal_id}"
    assert outcome(account, opposite) == ("DENIED", "nothing_held")


def test_a_flip_goes_on_where_the_reconciler_has_written_the_positions_end_before_it():
    account = OneAccount(flip=True)
    held = account.hold()
    opposite = against(held)
    later = account.deliver(opposite)
    account.pass_time(later.delay.total_seconds())
    account.meanwhile["settle"] = a_reconciler(account)

    account.execute(opposite)

    assert len(account.events("settled_meanwhile")) == 1
    assert account.execution(held).state is ExecutionState.CLOSED
    assert account.execution(opposite).state is ExecutionState.SUBMITTED


def test_what_a_signal_closes_is_on_its_record_before_anything_is_cancelled():
    account = OneAccount()
    held = account.hold()
    opposite, found = against(held), []

    async def look():
        found.append(await account.ledger.execution(opposite.signal_id, "argo"))

    account.meanwhile["cancel"] = look
    account.deliver(opposite)

    assert (found[0].closes, found[0].obstacle) == (held.signal_id, "awaiting_exit")
    assert found[0].lease_until == OPENS + account.executor().limits.lease


def test_a_batch_that_has_closed_a_position_sees_the_account_without_it():
    account = OneAccount(position_limit=1)
    held = account.hold()
    account.set_price(111)
    opposite, other = against(held), a_signal(symbol="MSFT")
    account.put(opposite)
    account.put(other)

    async def both():
        flow = Flow(account.executor())
        await flow.handle(opposite, 1)
        await flow.handle(other, 1)

    asyncio.run(both())

    assert account.execution(other).state is ExecutionState.SUBMITTED


def test_a_position_that_is_gone_while_its_guard_may_still_arrive_is_the_reconcilers_to_end():
    account = OneAccount()
    held = account.hold()
    account.set_price(111)
    rules = Rules(closing=ClosingRules(settle=lambda *_: None))
    opposite = against(held)
    account.put(opposite)

    asyncio.run(Flow(replace(account.executor(), rules=rules)).handle(opposite, 1))

    assert account.execution(held).state is ExecutionState.FILLED
    assert outcome(account, opposite) == ("DENIED", "nothing_held")
