"""How a signal's way ends: on the record, counted and logged, or given back until the obstacle may have passed."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous, Refused, Throttled, Unauthorised
from argo.domain.metrics import Metric
from argo.domain.outcome import QUIESCENCE
from argo.domain.reasons import RejectionReason
from execution.backoff import STEADY, backoff
from execution.flow import Flow
from tests.emf import measured
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount, against

SILENT = Ambiguous("timeout")
SECOND = timedelta(seconds=1)
NO = Refused("no", reason=RejectionReason.OTHER)
SURE = {"minimum_confidence": 90}
NO_KEY = Unauthorised("forbidden.", status=401)


def written(account, capsys):
    """Flush what was measured; return how often each reason was counted, and the names of the metrics."""
    capsys.readouterr()
    account.telemetry.flush()
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return record["reasons"], record.keys()


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


@dataclass(frozen=True)
class NotTaken:
    answer: Exception
    profile: Mapping[str, object]
    state: str
    event: str
    metric: Metric
    detail: Mapping[str, str]


@pytest.mark.parametrize(
    "case",
    [
        NotTaken(NO, {}, "REJECTED", "order_rejected", Metric.ORDERS_REJECTED, {"message": "no"}),
        NotTaken(SILENT, SURE, "DENIED", "signal_denied", Metric.SIGNALS_DENIED, {"minimum_confidence": "90"}),
    ],
)
def test_what_was_not_taken_is_counted_by_its_reason_and_gives_everything_back(case, capsys):
    account, signal = OneAccount(**case.profile), a_signal()
    account.faults["submit"] = [case.answer]

    account.deliver(signal)

    found = account.execution(signal)
    (told,) = account.events(case.event)
    assert found.state == told["state"] == case.state
    assert told["reason"] == found.reason
    assert found.detail.items() >= case.detail.items()
    assert account.telemetry.counts[case.metric] == 1
    assert (account.state.reserved_notional, account.state.holdings) == (0, {})
    reasons, values = written(account, capsys)
    assert reasons == {found.reason: 1}
    assert Metric.SIGNAL_TO_ORDER not in values


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


@pytest.mark.parametrize(("step", "answer"), [("positions", SILENT), ("submit", NO)])
def test_an_account_that_was_paused_on_or_has_a_refusal_is_read_again(step, answer):
    account, signal = OneAccount(), a_signal()
    account.faults[step] = [answer]
    account.put(signal)

    async def handle():
        flow = Flow(account.executor())
        before = await flow.reader.state()
        await flow.handle(signal, 1)
        after = await flow.reader.state()
        return before is not after, after

    assert asyncio.run(handle()) == (True, account.state)


def test_a_batch_whose_orders_are_taken_reads_its_account_once():
    account = OneAccount()
    signals = [a_signal(symbol=symbol) for symbol in ("AAPL", "MSFT", "IBM")]
    for signal in signals:
        account.put(signal)

    async def handle():
        flow = Flow(account.executor())
        for signal in signals:
            await flow.handle(signal, 1)

    asyncio.run(handle())

    assert [account.execution(signal).state for signal in signals] == ["SUBMITTED"] * 3
    assert (account.asked.count("account"), account.asked.count("positions")) == (
        2,
        1,
    )  # the ledger's, the broker's


@pytest.mark.parametrize(("step", "answer"), [("positions", SILENT), ("submit", Throttled("slowly", until=OPENS))])
def test_c11_a_claim_with_nothing_sent_is_held_for_as_long_as_its_message_is_hidden(step, answer):
    account, signal = OneAccount(), a_signal(expires_at=OPENS + timedelta(days=1))
    account.set_time(OPENS + timedelta(hours=8))
    account.faults[step] = [answer]

    later = account.deliver(signal, STEADY + 1)

    assert later.delay > timedelta(hours=1)
    assert account.execution(signal).lease_until == account.clock.now() + later.delay
