"""A signal against an own position: out of it by every way there is, and never further than out."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import CooldownRules, Protections, StopLossGuardRules
from argo.domain.signal import Regime, Side
from execution.batch import execute_batch
from simulation.broker.server import Fault
from tests.pipeline.stage import MINUTE, PRICE, Stage, against
from tests.unit.builders import NOW, a_signal

UP = Decimal("101.37")


def exit_order(stage, held, executor="argo"):
    """Return the one exit order of an execution at the broker."""
    prefix = f"argo-{executor}-{held.signal_id}-exit"
    (order,) = [order for order in stage.broker_orders(executor) if order.client_order_id.startswith(prefix)]
    return order


def legs_of(stage, signal):
    (entry,) = [
        order for order in stage.broker_orders() if order.client_order_id.endswith(f"{signal.signal_id}-entry")
    ]
    return entry.legs


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_b10_a_signal_against_a_position_cancels_its_legs_and_sells_what_is_held(stage, side):
    held = a_signal(side=side)
    stage.hold(held)
    quantity = stage.held("AAPL")
    opposite = against(held)

    execution = stage.execute(opposite)

    order = exit_order(stage, held)
    assert {str(leg.status) for leg in legs_of(stage, held)} == {"canceled"}
    assert (order.side, order.quantity, str(order.status)) == (side.opposite, abs(quantity), "filled")
    assert stage.held("AAPL") == 0
    assert (execution.state, execution.order_id) == (ExecutionState.CLOSED, order.id)
    assert stage.execution(held).exit.order_id == order.id
    assert stage.execution(held).exit.why == f"signal {opposite.signal_id}"


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_the_reconciler_ends_a_left_position_with_its_profit_to_the_cent(stage, side):
    held = a_signal(side=side)
    stage.hold(held)
    stage.set_price("AAPL", UP)
    stage.execute(against(held))

    stage.reconcile()

    ended, account = stage.execution(held), stage.at_broker()
    assert ended.state is ExecutionState.CLOSED
    assert ended.realised_profit == account.cash - account.settings.cash
    assert (ended.realised_profit > 0) is (side is Side.BUY)
    assert [fill.leg for fill in ended.fills] == ["entry", "exit"]
    assert stage.account().holdings == {}
    assert (stage.account().reserved_notional, stage.account().reserved_risk) == (0, 0)


def test_a_symbol_that_was_left_can_be_entered_again(stage):
    held = a_signal()
    stage.hold(held)
    stage.execute(against(held))
    stage.reconcile()

    again = stage.execute(a_signal(bar_time=held.bar_time - MINUTE))

    assert again.state is ExecutionState.SUBMITTED


def _state(state):
    def limit(stage):
        stage.set_trading_state(state)

    return limit


def _changed(**changes):
    def limit(stage):
        stage.configured("argo", **changes)

    return limit


def _past_the_daily_loss(stage: Stage):
    stage.configured("argo", daily_loss_limit_percent=1)
    for symbol in ("IBM", "SPY", "QQQ"):
        stage.hold(a_signal(symbol=symbol))
        stage.set_price(symbol, Decimal(96))
    stage.reconcile()
    assert stage.account().state_reason.startswith("daily_loss")


def _after_stop_losses(stage):
    guard = StopLossGuardRules(stops=1, within_minutes=60, lock_minutes=60)
    stage.configured("argo", protections=Protections(stop_loss_guard=guard, cooldown=CooldownRules(minutes=60)))
    stage.hold(a_signal(symbol="IBM"))
    stage.set_price("IBM", Decimal(94))
    stage.reconcile()
    assert stage.held("IBM") == 0


LIMITS = {
    "halted": _state(TradingState.HALTED),
    "reducing": _state(TradingState.REDUCING),
    "at its position limit": _changed(position_limit=1),
    "past its daily loss": _past_the_daily_loss,
    "locked after a stop loss": _after_stop_losses,
    "below the minimum confidence": _changed(minimum_confidence=95),
    "under every other limit at once": _changed(
        symbols={"IBM"},
        excluded_regimes={Regime.BULL},
        shorts=False,
        correlated_positions=1,
        exposure_limit_percent=1,
        orders_per_minute=1,
        price_drift_percent=Decimal("0.1"),
    ),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_a20_an_exit_passes_whatever_limits_an_entry(stage, limit):
    held = a_signal()
    stage.hold(held)
    limit(stage)
    for symbol in ("AAPL", "MSFT"):
        stage.set_price(symbol, UP)

    entry = stage.execute(a_signal(symbol="MSFT", side=Side.SELL))
    left = stage.execute(against(held))

    assert entry.state is ExecutionState.DENIED
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(stage, held).id)
    assert stage.held("AAPL") == 0


def test_a21_a_flip_is_one_plan_out_first_and_then_the_other_side(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    bought = stage.held("AAPL")
    opposite = against(held)

    flipped = stage.execute(opposite)

    out, entered = exit_order(stage, held), stage.broker_orders()[-1]
    assert (out.side, out.quantity) == (Side.SELL, bought)
    assert entered.client_order_id == f"argo-argo-{opposite.signal_id}-flip"
    assert (flipped.state, flipped.order_id) == (ExecutionState.SUBMITTED, entered.id)
    assert stage.held("AAPL") == -entered.quantity
    assert len(entered.legs) == 2
    assert stage.execution(held).state is ExecutionState.CLOSED
    assert stage.account().holdings["AAPL"].signal_id == opposite.signal_id


def test_a21_a_flip_waits_until_its_exit_has_filled(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    opposite = against(held)
    _hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    stage.publish(opposite)

    stage.poll()
    event, answer = stage.invocations[-1]
    stage.pass_time(timedelta(seconds=15))
    answer = stage.redeliver(event)
    waiting, orders = stage.execution(opposite), len(stage.broker_orders())
    _let_go(stage, f"argo-argo-{held.signal_id}-exit")
    stage.deliver_again(event, answer)

    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 2)
    assert stage.execution(opposite).state is ExecutionState.SUBMITTED
    assert stage.held("AAPL") < 0


def test_a21_a_flip_passes_the_gate_only_for_its_entry(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    stage.set_trading_state(TradingState.REDUCING, reason="the year ends")

    flipped = stage.execute(against(held))

    assert stage.held("AAPL") == 0
    assert (flipped.state, flipped.reason) == (ExecutionState.DENIED, "reducing_only")
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_without_flip_nothing_is_opened_however_often_the_signal_comes(stage):
    held = a_signal()
    stage.hold(held)
    opposite = against(held)
    stage.execute(opposite)
    stage.reconcile()

    for _ in range(3):
        stage.pass_time(timedelta(seconds=50))
        stage.redeliver()
        stage.reconcile()

    assert stage.held("AAPL") == 0
    assert [str(order.side) for order in stage.broker_orders()] == ["buy", "sell"]


@pytest.mark.parametrize(
    ("flip", "outcome"), [(False, "nothing_held"), (True, None)], ids=["without flip", "with flip"]
)
def test_a_signal_against_an_entry_that_rests_cancels_it(stage, flip, outcome):
    stage.configured("argo", flip=flip)
    resting = a_signal(entry_price=PRICE - 2, stop_price=Decimal(93))
    stage.hold(resting)
    opposite = against(resting)

    execution = stage.execute(opposite)

    assert stage.execution(resting).state is ExecutionState.CANCELED
    assert str(stage.broker_orders()[0].status) == "canceled"
    if flip:
        assert execution.client_order_id == f"argo-argo-{opposite.signal_id}-flip"
        assert stage.held("AAPL") < 0
        assert set(stage.account().holdings) == {"AAPL"}
    else:
        assert (execution.state, execution.reason) == (ExecutionState.DENIED, outcome)
        assert stage.held("AAPL") == 0
        assert stage.account().reserved_notional == 0


def test_a24_a_part_of_a_share_is_sold_whole(stage):
    stage.configured("argo", fractional=True, base_size_percent=1, size_cap_percent=1)
    price = Decimal(30_000)
    stage.set_price("AAPL", price)
    held = a_signal(entry_price=price, stop_price=price - 3_000, target_price=price + 3_000)
    stage.hold(held)
    fraction = stage.held("AAPL")

    stage.execute(against(held, entry_price=price, stop_price=price + 3_000, target_price=price - 3_000))
    stage.reconcile()

    assert 0 < fraction < 1
    assert exit_order(stage, held).quantity == fraction
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_a24_the_filled_part_of_an_entry_is_sold_and_no_more(stage):
    held = a_signal()
    _hold_back(stage, f"argo-argo-{held.signal_id}-entry", Decimal(7))
    stage.hold(held)

    execution = stage.execute(against(held))
    stage.reconcile()

    assert execution.state is ExecutionState.CLOSED
    assert exit_order(stage, held).quantity == 7
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_b10_nothing_is_sold_before_the_legs_are_confirmed_cancelled(stage):
    held = a_signal()
    stage.hold(held)
    asked_only = Fault(method="DELETE", path="/v2/orders/*", status=204, times=2)
    stage.server.faults.add(asked_only)
    opposite = against(held)
    stage.publish(opposite)

    stage.poll()
    waiting, orders = stage.execution(opposite), len(stage.broker_orders())
    stage.deliver_again(*stage.invocations[-1])

    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 1)
    assert stage.server.requests["POST /v2/orders"] == 2
    assert stage.execution(opposite).order_id == exit_order(stage, held).id


def test_a_position_that_its_target_has_closed_meanwhile_is_not_sold_again(stage):
    held = a_signal()
    stage.hold(held)
    stage.set_price("AAPL", Decimal(111))

    execution = stage.execute(against(held))

    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "nothing_held")
    assert stage.held("AAPL") == 0
    assert len(stage.broker_orders()) == 1
    assert stage.execution(held).state is ExecutionState.CLOSED
    assert stage.execution(held).fills[-1].leg == "take_profit"


def test_two_opposite_signals_in_one_batch_place_one_exit(stage):
    held = a_signal()
    stage.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    stage.publish(one, other)

    stage.poll()
    stage.deliver_again(*stage.invocations[-1])
    stage.reconcile()

    ended = {stage.execution(signal).state for signal in (one, other)}
    assert ended <= {ExecutionState.CLOSED, ExecutionState.DENIED}
    assert ExecutionState.CLOSED in ended
    assert exit_order(stage, held).quantity == stage.broker_orders()[0].quantity
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_two_opposite_signals_in_one_batch_flip_once(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    stage.publish(one, other)

    stage.poll()
    stage.deliver_again(*stage.invocations[-1])

    outcomes = sorted((str(found.state), found.reason or "") for found in map(stage.execution, (one, other)))
    assert outcomes == [("DENIED", "already_positioned"), ("SUBMITTED", "")]
    flips = [order for order in stage.broker_orders() if order.client_order_id.endswith("-flip")]
    assert stage.held("AAPL") == -sum(order.quantity for order in flips)
    assert len(flips) == 1


class Meeting:
    """A port at one of whose methods two workers wait for each other, once."""

    def __init__(self, inner, method, barrier):
        self._inner = inner
        self._method = method
        self._barrier = barrier

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name != self._method:
            return method

        async def together(*args, **kwargs):
            self._method = None
            with contextlib.suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(1):
                    await self._barrier.wait()
            return await method(*args, **kwargs)

        return together


@pytest.mark.parametrize(
    ("place", "flip"),
    [
        (("ledger", "record_exit"), False),
        (("ledger", "record_exit"), True),
        (("broker", "cancel"), False),
        (("broker", "submit"), False),
        (("broker", "submit"), True),
        (("ledger", "settle"), False),
    ],
    ids=lambda given: given[1] if isinstance(given, tuple) else "with flip" if given else "without flip",
)
def test_two_opposite_signals_that_meet_anywhere_place_one_exit(stage, place, flip):
    stage.configured("argo", flip=flip)
    held = a_signal()
    stage.hold(held)
    pair = [against(held), against(held, bar_time=held.bar_time - MINUTE)]
    events = [stage.event_of(signal) for signal in pair]
    port, method = place

    async def at_once():
        barrier = asyncio.Barrier(2)
        wirings = [stage.executor() for _ in pair]
        met = [replace(each, **{port: Meeting(getattr(each, port), method, barrier)}) for each in wirings]
        work = [
            execute_batch(event, wiring, seconds_left=lambda: 30.0)
            for event, wiring in zip(events, met, strict=True)
        ]
        return await asyncio.gather(*work)

    for event, answer in zip(events, asyncio.run(at_once()), strict=True):
        stage.deliver_again(event, answer)
    stage.reconcile()

    outcomes = sorted((str(found.state), found.reason or "") for found in map(stage.execution, pair))
    flips = [order for order in stage.broker_orders() if order.client_order_id.endswith("-flip")]
    assert exit_order(stage, held).filled_quantity == stage.broker_orders()[0].quantity
    assert stage.held("AAPL") == -sum(order.quantity for order in flips)
    assert stage.execution(held).state is ExecutionState.CLOSED
    if flip:
        assert len(flips) == 1
        assert outcomes == [("DENIED", "already_positioned"), ("FILLED", "")]
    else:
        assert flips == []
        assert outcomes in ([("CLOSED", ""), ("CLOSED", "")], [("CLOSED", ""), ("DENIED", "nothing_held")])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="POST", path="/v2/orders", drop=True),
        Fault(method="POST", path="/v2/orders", after=True, drop=True),
        Fault(method="POST", path="/v2/orders", status=429, body={"message": "too many requests."}),
        Fault(method="POST", path="/v2/orders", after=True, status=504, body="<html>"),
        Fault(method="POST", path="/v2/orders", status=422, body={"code": 42210000, "message": "no"}),
        Fault(method="DELETE", path="/v2/orders/*", drop=True),
        Fault(method="DELETE", path="/v2/orders/*", after=True, drop=True),
        Fault(method="GET", path="/v2/positions", nth=2, status=502, body="<html>"),
        Fault(method="GET", path="/v2/orders/*", drop=True),
    ],
    ids=[
        "exit lost",
        "exit taken, answer lost",
        "exit throttled",
        "exit taken, 504",
        "exit refused once",
        "cancel lost",
        "cancel done, answer lost",
        "positions unknown",
        "entry unknown",
    ],
)
def test_b10_an_exit_gets_through_what_the_broker_does_to_it(stage, fault):
    held = a_signal()
    stage.hold(held)
    stage.server.faults.add(fault)

    left = stage.execute(against(held))
    stage.reconcile()

    assert len(stage.server.faults) == 0
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(stage, held).id)
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_refused_credentials_during_an_exit_halt_and_the_exit_goes_on_once_they_are_mended(stage):
    held = a_signal()
    stage.hold(held)
    refused = Fault(method="DELETE", path="/v2/orders/*", status=401, body={"message": "unauthorized."})
    stage.server.faults.add(refused)

    left = stage.execute(against(held))

    assert stage.account().trading_state == "HALTED"
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(stage, held).id)


def test_an_exit_that_is_cancelled_unfilled_is_placed_anew_by_the_reconciler(stage):
    held = a_signal()
    stage.hold(held)
    _hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(0))
    stage.execute(against(held))
    order = exit_order(stage, held)
    stage.background.call(lambda: stage.server.broker.cancel(stage.at_broker(), order.id))

    for _ in range(3):
        stage.reconcile()

    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_an_exit_that_is_cancelled_half_filled_is_finished_by_the_reconciler(stage):
    held = a_signal()
    stage.hold(held)
    _hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    stage.execute(against(held))
    order = exit_order(stage, held)
    stage.background.call(lambda: stage.server.broker.cancel(stage.at_broker(), order.id))

    for _ in range(4):
        stage.pass_time(MINUTE)
        stage.reconcile()

    ended, account = stage.execution(held), stage.at_broker()
    assert stage.held("AAPL") == 0
    assert ended.state is ExecutionState.CLOSED
    assert ended.realised_profit == account.cash - account.settings.cash


def test_b15_shares_that_a_person_holds_beside_argos_stay(stage):
    held = a_signal()
    stage.hold(held)
    ours = stage.held("AAPL")
    exits = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "90"}}
    theirs = stage.trade_by_hand("AAPL", "buy", 3, order_class="bracket", **exits)

    stage.execute(against(held))
    stage.reconcile()

    assert exit_order(stage, held).quantity == ours
    assert stage.held("AAPL") == 3
    assert all(leg.is_open for leg in theirs.legs)
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_an_exit_waits_for_an_entry_of_unknown_fate(stage):
    held = a_signal()
    stage.publish(held)
    stage.server.faults.add(
        Fault(method="POST", path="/v2/orders", after=True, drop=True),
        Fault(path="/v2/orders:by_client_order_id", drop=True),
    )
    stage.poll()
    opposite = against(held)
    stage.publish(opposite)

    stage.poll()
    waiting = stage.execution(opposite)
    event, answer = stage.invocations[-1]
    stage.pass_time(timedelta(seconds=50))
    stage.reconcile()
    stage.deliver_again(event, answer)

    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "awaiting_exit")
    assert stage.execution(opposite).order_id == exit_order(stage, held).id
    assert stage.held("AAPL") == 0


def test_a21_a_flip_is_not_kept_out_by_the_trade_it_has_just_ended(stage):
    stage.configured("argo", flip=True, protections=Protections(cooldown=CooldownRules(minutes=5)))
    held = a_signal()
    stage.hold(held)

    flipped = stage.execute(against(held))

    assert (flipped.state, flipped.reason) == (ExecutionState.SUBMITTED, None)


def test_a_position_that_a_person_has_sold_leaves_nothing_behind(stage):
    held = a_signal()
    stage.hold(held)
    stage.pass_time(MINUTE)
    stage.background.call(lambda: stage.server.broker.cancel_all(stage.at_broker()))
    stage.trade_by_hand("AAPL", "sell", int(stage.held("AAPL")))

    execution = stage.execute(against(held, expires_at=NOW + 2 * MINUTE))
    for _ in range(2):
        stage.pass_time(MINUTE)
        stage.reconcile()

    assert execution.state in {ExecutionState.DENIED, ExecutionState.EXPIRED}
    assert stage.held("AAPL") == 0
    assert stage.account().holdings == {}


def test_an_account_leaves_its_own_position_and_not_the_others(stage):
    held = a_signal(confidence=Decimal(90), stop_price=Decimal("98.60"))
    for executor in ("argo", "prop_firm"):
        stage.hold(held, executor)
    theirs = stage.held("AAPL", "prop_firm")

    stage.execute(against(held), "argo")

    assert stage.held("AAPL", "argo") == 0
    assert stage.held("AAPL", "prop_firm") == theirs > 0


def _hold_back(stage, client_order_id, quantity):
    """Let no more than a quantity of an order fill."""
    stage.background.call(lambda: stage.server.broker.liquidity.limit(client_order_id, quantity))


def _let_go(stage, client_order_id):
    stage.background.call(lambda: stage.server.broker.liquidity.lift(client_order_id))
    stage.set_price("AAPL", PRICE)
