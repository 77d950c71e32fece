from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from argo.domain.account import TradingState
from argo.domain.account_status import AccountStatus
from argo.domain.conservation import conserved, sums
from argo.domain.execution import ExecutionState
from argo.domain.limits import Limit
from argo.domain.placements import OrderLeg
from console.watch.reading import Account, Reading
from console.watch.view import View
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_holding, an_account_state
from tests.unit.console.records import EXECUTORS, a_record, in_state, records

S = ExecutionState
SECONDS = timedelta(seconds=1)
LIMITS = [Limit("daily_loss", Decimal(100), Decimal(5000)), Limit("positions", Decimal(2), Decimal(3))]
WIDTHS = [80, 140]
every_width = pytest.mark.parametrize("width", WIDTHS)


def an_account(executor="argo", found=(), *, limits=LIMITS, opened=(), filled=0, dead_letters=0, **state):
    known = {"executor": executor, "equity": Decimal("101234.5"), "day_start_equity": Decimal(100_000)}
    (summed,) = sums(found, [executor])
    status = AccountStatus(
        executor=executor,
        state=an_account_state(**known | {"observed_at": NOW - 40 * SECONDS} | state),
        open_executions=opened,
        summed=summed,
        limits=limits,
    )
    return Account(status, filled, conserved(found, executor, now=NOW).unresolved, dead_letters)


def a_reading(found=(), accounts=None, **changes):
    known = {
        "as_of": NOW,
        "is_live": True,
        "period": "2026-03-02, UTC",
        "accounts": accounts or [an_account(executor, found) for executor in EXECUTORS],
        "records": found,
        "generator": NOW - 70 * SECONDS,
    }
    return Reading(**known | changes)


def printed(reading, width=140, *, height=None, failure=None, age=2, colour=False):
    screen = Console(
        file=StringIO(),
        width=width,
        height=height,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    now = NOW if reading is None else reading.as_of
    read_at = now - age * SECONDS if reading else None
    screen.print(View("stack argo-dev", SteppedClock(now), reading, read_at, failure, height is not None))
    return screen.file.getvalue()


def line_of(text, *beginnings):
    """Return the line that follows the one beginning with each of the given words in turn."""
    lines = iter(text.splitlines())
    found = ""
    for beginning in beginnings:
        found = next(line for line in lines if line.startswith(beginning))
    return found


@every_width
def test_an_account_is_shown_with_its_money_and_the_room_under_its_limits(width):
    text = printed(a_reading([a_record()]), width)

    line = line_of(text, "Account", "argo")
    assert all(part in line for part in ("ACTIVE", "101,234.50", "+1,234.50", "daily_loss 4,900", "positions 1"))


def test_a_halted_account_says_why():
    halted = an_account(trading_state=TradingState.HALTED, state_reason="daily_loss_limit")

    text = printed(a_reading(accounts=[halted]))

    assert "HALTED: daily_loss_limit" in line_of(text, "Account", "argo")


def test_a_limit_that_is_nearly_used_up_says_so_in_words():
    near = an_account(limits=[Limit("drawdown", Decimal(95), Decimal(100))])

    assert "drawdown 5 critical" in printed(a_reading(accounts=[near]))


def test_before_the_reconcilers_first_look_nothing_is_made_up():
    text = printed(a_reading(accounts=[an_account(equity=None, observed_at=None, limits=[])]))

    assert "not known" in line_of(text, "Account", "argo")
    assert "reconciler argo: never" in text


def test_the_funnel_has_every_count_of_the_sum():
    states = [S.FILLED, S.FILLED, S.SUBMITTED, S.DENIED, S.REJECTED, S.EXPIRED, S.DEAD_LETTERED, S.CLAIMED]
    found = [a_record({"argo": state}) for state in states]

    text = printed(a_reading(found, [an_account(found=found, filled=2, dead_letters=7)]))

    headings = line_of(text, "Signals of 2026-03-02, UTC").split()[4:]
    counts = line_of(text, "Signals of", "argo").split()[1:]
    assert headings[:8] == [
        "all",
        "denied",
        "ordered",
        "filled",
        "rejected",
        "expired",
        "dead-lettered",
        "unresolved",
    ]
    assert counts == ["8", "1", "3", "2", "1", "1", "1", "1", "0", "7"]


def test_a_narrow_funnel_counts_the_rare_endings_together():
    found = [a_record({"argo": state}) for state in (S.FILLED, S.REJECTED, S.EXPIRED, S.DEAD_LETTERED)]

    text = printed(a_reading(found, [an_account(found=found)]), 80)

    assert "other" in line_of(text, "Signals")
    assert line_of(text, "Signals", "argo").split()[1:] == ["4", "0", "1", "0", "3", "0", "0", "0"]


def test_a01_signals_without_one_order_are_called_silent():
    found = [a_record({"argo": S.EXPIRED})]

    assert "0, SILENT" in line_of(printed(a_reading(found)), "Signals of", "argo")


def test_what_is_unresolved_is_listed_with_its_age_and_what_it_met():
    found = [a_record({"argo": in_state(S.CLAIMED, obstacle="broker_unreachable")}, addressed=["argo"])]

    text = printed(a_reading(found, as_of=NOW + 125 * SECONDS))

    line = line_of(text, "Unresolved", "argo")
    assert all(part in line for part in ("AAPL", "2 min 5 s", "CLAIMED", "broker_unreachable", found[0].signal_id))


def test_a_long_list_says_how_much_of_it_is_left_out():
    found = [a_record(addressed=["argo"])] * 25

    text = printed(a_reading(found, [an_account(found=found)]), height=40)

    assert len([line for line in text.splitlines() if "not_received" in line]) == 6
    assert "and 19 more" in text


def test_a_position_is_shown_with_what_protects_it():
    holding = a_holding()
    legs = (OrderLeg(order_id="s1", role="stop_loss", status="new"),)
    guarded = in_state(S.FILLED, signal_id=holding.signal_id, legs=legs)
    account = an_account(
        holdings={"AAPL": holding, "MSFT": replace(holding, signal_id="0" * 24)}, opened=[guarded]
    )

    text = printed(a_reading(accounts=[account]))

    aapl, msft = (next(line for line in text.splitlines() if symbol in line) for symbol in ("AAPL", "MSFT"))
    assert all(part in aapl for part in ("buy", "1,000", "1 min", "stop_loss new"))
    assert "no open execution" in msft


def test_heartbeats_that_are_late_say_so_in_words():
    late = [an_account("argo", observed_at=NOW - 200 * SECONDS), an_account("prop_firm")]

    text = printed(a_reading(accounts=late, generator=NOW - 3_700 * SECONDS))

    assert "generator LATE, 1 h 1 min ago; reconciler argo LATE, 3 min 20 s ago" in text
    assert "reconciler prop_firm 40 s ago" in text


def test_a_heartbeat_that_cannot_be_read_is_not_called_late():
    text = printed(a_reading(generator="not readable: AccessDenied"))

    assert "generator: not readable: AccessDenied" in text
    assert "LATE" not in text


def test_a_failed_reading_says_how_old_the_last_one_is_and_keeps_it_in_sight():
    text = printed(a_reading([a_record({"argo": S.SUBMITTED})]), age=15, failure="no route to host")

    assert text.splitlines()[1] == "last read 15 s ago: no route to host"
    assert "SUBMITTED 61e69015" in text


def test_without_any_reading_the_failure_is_all_there_is():
    assert printed(None).splitlines() == ["argo watch  stack argo-dev", "2026-03-02 15:01:05 UTC, reading"]
    assert printed(None, failure="no keys").splitlines()[1] == "nothing read yet: no keys"


def test_a_run_that_is_over_has_no_heartbeats_to_be_late():
    text = printed(a_reading([a_record()], is_live=False, period="2 days"), age=1_000_000)

    assert "over since 2026-03-02 15:01:05 UTC" in text
    assert "heartbeats" not in text


def test_the_mode_is_shown():
    found = [a_record({"argo": in_state(S.FILLED, mode="paper")})]

    assert printed(a_reading(found)).splitlines()[0] == "argo watch  stack argo-dev, paper"


@pytest.mark.parametrize("height", [24, 40, 60])
def test_the_newest_signals_take_the_lines_that_are_left(height):
    found = [a_record(strategy_version=f"{number}") for number in range(100)]

    text = printed(a_reading(found), height=height)

    lines = [line.rstrip() for line in text.splitlines()]
    shown = [line for line in lines if "AAPL" in line and "not received yet" in line]
    assert f"Signals: {len(shown)} of 100, newest first" in lines
    assert len(lines) == height


@given(st.sampled_from(WIDTHS), st.lists(records, max_size=4))
def test_any_reading_is_drawn_within_the_width(width, found):
    text = printed(a_reading(found), width)

    assert max(len(line) for line in text.splitlines()) <= width


def test_colours_only_repeat_what_the_words_say():
    found = [a_record({"argo": S.EXPIRED})]
    reading = a_reading(found, [an_account(found=found, dead_letters=1, trading_state=TradingState.HALTED)])

    plain, coloured = printed(reading), printed(reading, colour=True)

    assert "\x1b[" not in plain
    assert "\x1b[1;31m" in coloured
    assert all(word in plain for word in ("HALTED", "SILENT"))
