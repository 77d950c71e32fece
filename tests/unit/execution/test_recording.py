"""How a signal's way ends: on the record, counted and logged, or given back until the obstacle may have passed."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous, Refused, Throttled, Unauthorised
from argo.domain.metrics import Metric
from argo.domain.outcome import QUIESCENCE
from argo.domain.reasons import RejectionReason
from execution.backoff import backoff
from execution.flow import Flow
from tests.emf import measured
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount, against

SILENT = Ambiguous("timeout")
SECOND = timedelta(seconds=1)
NO_KEY = Unauthorised("forbidden.", status=401)


def takes(account, method, seconds):
    async def wait():
        account.pass_time(seconds)

    account.meanwhile[method] = wait


def test_an_order_is_told_with_the_time_since_its_claim(capsys):
    account, signal = OneAccount(), a_signal()
    takes(account, "submit", 2)

    account.deliver(signal)

    (told,) = account.events("order_submitted")
    order_id = account.execution(signal).order_id
    assert told["detail"].items() >= {"milliseconds": 2000.0, "order_id": order_id}.items()
    assert told["state"] == "SUBMITTED"
    counted = measured(account.telemetry, capsys)
    assert counted[Metric.SIGNAL_TO_ORDER] == [2000]
    assert (counted[Metric.ORDERS_SUBMITTED], counted[Metric.SIGNALS_RECEIVED]) == ([1], [1])


def test_a_position_that_a_signal_has_closed_is_told_with_the_exits_id():
    account = OneAccount()
    held = account.hold()
    opposite = against(held)

    account.execute(opposite)

    (told,) = account.events("position_closed_by_signal")
    assert told["detail"] == {"order_id": account.orders("exit")[0].id}
    assert account.telemetry.counts[Metric.ORDERS_SUBMITTED] == 2


@pytest.mark.parametrize(
    ("answer", "profile", "state", "event", "metric"),
    [
        (Refused("no", reason=RejectionReason.OTHER), {}, "REJECTED", "order_rejected", Metric.ORDERS_REJECTED),
        (SILENT, {"minimum_confidence": 90}, "DENIED", "signal_denied", Metric.SIGNALS_DENIED),
    ],
)
def test_what_was_not_taken_is_counted_by_its_reason_and_gives_everything_back(
    answer, profile, state, event, metric
):
    account, signal = OneAccount(**profile), a_signal()
    account.faults["submit"] = [answer]

    account.deliver(signal)

    found = account.execution(signal)
    (told,) = account.events(event)
    assert found.state == told["state"] == state
    assert told["reason"] == found.reason
    assert account.telemetry.counts[metric] == 1
    assert (account.state.reserved_notional, account.state.holdings) == (0, {})


def test_a_signal_counts_as_received_once_however_often_it_is_delivered():
    account, signal = OneAccount(), a_signal()
    account.faults["positions"] = [SILENT]
    later = account.deliver(signal)
    account.pass_time(later.delay.total_seconds())

    account.deliver(signal, 2)
    account.deliver(signal, 3)

    assert account.telemetry.counts[Metric.SIGNALS_RECEIVED] == 1
    assert account.telemetry.counts[Metric.DUPLICATE_DELIVERIES] == 1


def test_a_signal_that_waited_too_long_expires_by_its_last_obstacle():
    account, signal = OneAccount(), a_signal()
    account.faults["positions"] = [SILENT]
    account.deliver(signal)
    account.set_time(signal.expires_at)

    assert account.deliver(signal, 2) is None

    found = account.execution(signal)
    assert (found.state, found.reason) == ("EXPIRED", "broker_unreachable")
    assert account.telemetry.counts[Metric.SIGNALS_EXPIRED] == len(account.events("signal_expired")) == 1


@pytest.mark.parametrize("receives", [1, 4])
def test_a13_a_message_comes_back_after_its_backoff(receives):
    account, signal = OneAccount(), a_signal()
    account.faults["positions"] = [SILENT]

    later = account.deliver(signal, receives)

    delay = backoff(signal.signal_id, receives, account.executor().limits.backoff)
    found = account.execution(signal)
    assert (later.delay, later.obstacle) == (delay, "broker_unreachable")
    assert (found.state, found.obstacle, found.lease_until) == ("CLAIMED", "broker_unreachable", OPENS + delay)
    (told,) = account.events("signal_waits")
    assert told["detail"]["until"] == found.lease_until.isoformat()


@pytest.mark.parametrize(("resets_in", "waits_for_it"), [(SECOND, False), (30 * SECOND, True)])
def test_a13_a_message_waits_for_an_obstacle_that_says_its_end_and_never_less_than_its_backoff(
    resets_in, waits_for_it
):
    account, signal = OneAccount(), a_signal()
    account.faults["submit"] = [Throttled("slowly", until=OPENS + resets_in)]

    later = account.deliver(signal)

    usual = backoff(signal.signal_id, 1, account.executor().limits.backoff)
    assert later.delay == (resets_in if waits_for_it else usual)
    assert account.execution(signal).state is ExecutionState.CLAIMED


@pytest.mark.parametrize("step", ["positions", "submit"])
def test_a34_refused_credentials_halt_the_account_and_the_signal_waits(step):
    account, signal, other = OneAccount(), a_signal(), a_signal(symbol="MSFT")
    account.faults[step] = [NO_KEY]

    account.deliver(signal)
    waiting = account.execution(signal)
    account.pass_time(20)
    again = account.deliver(signal, 2)
    account.deliver(other)

    assert (account.state.trading_state, account.state.state_reason) == (
        TradingState.HALTED,
        "Unauthorised: forbidden.",
    )
    assert waiting.obstacle == account.execution(signal).obstacle == "broker_unauthorised"
    assert again is not None
    # Only who has met them waits for others: a halt denies.
    assert (account.execution(other).state, account.execution(other).reason) == ("DENIED", "halted")


def test_a34_a_halt_is_known_to_who_reads_the_account_while_it_is_made():
    account, signal = OneAccount(), a_signal()

    async def handle():
        flow = Flow(account.executor())

        async def read():
            await flow.reader.state()

        account.meanwhile["set_trading_state"] = read
        account.faults["positions"] = [NO_KEY]
        await flow.handle(signal, 1)
        return await flow.reader.state()

    account.put(signal)

    assert asyncio.run(handle()).trading_state is TradingState.HALTED


def test_what_is_left_to_the_reconciler_is_told_with_when_it_was_first_missing():
    account, signal = OneAccount(), a_signal()
    account.faults["submit"] = [SILENT]
    account.deliver(signal)
    account.set_time(signal.expires_at)
    account.faults["order_by_client_id"] = [SILENT]

    assert account.deliver(signal, 2) is None

    (told,) = account.events("left_to_reconciler")
    assert told["detail"] == {"message": "timeout"}
    assert account.execution(signal).state is ExecutionState.UNKNOWN


def test_an_order_of_unknown_fate_waits_for_its_quiescence_with_its_money_reserved():
    account, signal = OneAccount(), a_signal()
    account.faults["submit"] = [SILENT]

    later = account.deliver(signal)

    found = account.execution(signal)
    assert (found.state, found.missing_since, later.delay) == ("UNKNOWN", OPENS, QUIESCENCE)
    assert account.state.reserved_notional == found.reserved_notional > 0
    assert found.reserved_risk == account.state.reserved_risk > 0
    assert (found.planned_stop, found.planned_target) == (signal.stop_price, signal.target_price)
    assert found.detail["shares"] == found.order_body["qty"]


def test_an_account_that_was_paused_on_is_read_again():
    account, signal = OneAccount(), a_signal()
    account.faults["positions"] = [SILENT]
    account.put(signal)

    async def handle():
        flow = Flow(account.executor())
        before = await flow.reader.state()
        await flow.handle(signal, 1)
        return before is not await flow.reader.state()

    assert asyncio.run(handle())
