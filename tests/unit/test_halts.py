import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution
from argo.domain.ledger import Claimed, Intent, ReservationConflict
from argo.domain.limits import DAILY_LOSS, DRAWDOWN
from argo.halts import PATIENCE, breach_resumes_on, halt, set_trading_state
from argo.observability import Telemetry
from argo.ports import GivenPorts, Unavailable
from argo.repeating import Conflict
from simulation.ports.clock import SteppedClock
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.ledger.requests import Kind
from tests.unit.builders import NOW, a_market_clock, a_profile, a_signal, an_account_state

TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)


class Account:
    """A ledger's one account."""

    def __init__(self, **state: object) -> None:
        self.state = an_account_state(**state)

    async def account(self, executor: str) -> AccountState:
        return self.state.model_copy(update={"executor": executor})

    async def set_trading_state(
        self,
        executor: str,
        state: TradingState,
        *,
        reason: str,
        now: datetime,
        resumes_on: date | None = None,
        read: AccountState | None = None,
    ) -> bool:
        if read is not None and read.state_since != self.state.state_since:
            return False
        self.state = an_account_state(
            executor=executor, trading_state=state, state_reason=reason, state_since=now, resumes_on=resumes_on
        )
        return True


def halted(account: Account, reason: str, log: StringIO | None = None, *, resumes_on: date | None = None) -> bool:
    ports = GivenPorts(
        ledger=account,
        broker=None,
        market_data=None,
        queue=None,
        queues={},
        clock=SteppedClock(NOW),
        telemetry=Telemetry("execute", mode="simulated", executor="argo", stream=log or StringIO()),
    )
    return asyncio.run(halt(ports, "argo", reason, resumes_on=resumes_on))


def test_a_halt_is_durable_says_why_and_until_when():
    account = Account()

    done = halted(account, "daily loss", resumes_on=TOMORROW)

    state = account.state
    assert done
    assert (state.trading_state, state.state_reason, state.state_since) == ("HALTED", "daily loss", NOW)
    assert state.resumes_on == TOMORROW


def test_a_halt_over_an_operators_reducing_does_not_end_in_trading():
    account = Account(trading_state=TradingState.REDUCING)

    done = halted(account, "daily loss", resumes_on=TOMORROW)

    assert done
    assert (account.state.trading_state, account.state.resumes_on) == ("HALTED", None)


def test_a_later_reason_does_not_overwrite_the_first():
    account = Account(trading_state=TradingState.HALTED, state_reason="by hand")

    done = halted(account, "daily loss", resumes_on=TOMORROW)

    assert not done
    assert (account.state.state_reason, account.state.resumes_on) == ("by hand", None)


def test_a02_a_halt_is_told_once():
    account, log = Account(), StringIO()

    for _ in range(3):
        halted(account, "refused credentials", log)

    assert log.getvalue().count("account_halted") == 1
    assert "refused credentials" in log.getvalue()


@pytest.mark.parametrize(
    ("ends", "limit", "day"),
    [
        ("next_trading_day", DAILY_LOSS, TOMORROW),
        ("next_trading_day", DRAWDOWN, None),
        ("operator", DAILY_LOSS, None),
        ("operator", DRAWDOWN, None),
    ],
)
def test_only_a_daily_loss_may_end_by_itself_and_only_where_the_profile_says_so(ends, limit, day):
    profile = a_profile(daily_loss_limit_percent=5, daily_loss_ends=ends)

    assert breach_resumes_on(profile, limit, a_market_clock()) == day


def test_a25_a_breach_on_a_friday_holds_until_the_next_session():
    profile = a_profile(daily_loss_limit_percent=5, daily_loss_ends="next_trading_day")
    friday = a_market_clock(next_close=datetime.fromisoformat("2026-03-06T21:00:00Z"))
    weekend = a_market_clock(is_open=False, next_open=datetime.fromisoformat("2026-03-09T13:30:00Z"))

    day = breach_resumes_on(profile, DAILY_LOSS, friday)

    assert day is not None
    assert friday.trading_day < day <= weekend.trading_day


class Troubled:
    """What answers a ledger's first requests as AWS does on a bad day."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    async def __call__[T](self, kind: Kind, do: Callable[[], T], /) -> T:  # noqa: ARG002 - all kinds alike
        if self.faults:
            raise self.faults.pop(0)
        return do()


@pytest.mark.parametrize(
    "faults",
    [[Conflict("met")] * 5, [Conflict("met")] * 40, [Unavailable("throttled")] * 5],
    ids=["five conflicts", "a bound's worth, again and again", "throttled"],
)
def test_c01_a_persons_halt_gets_through_and_holds_from_then_on(faults):
    ledger, clock, troubled = InMemoryLedger(mode="simulated"), SteppedClock(NOW), Troubled(*faults)
    execution = claimed(ledger)
    read = asyncio.run(ledger.account("argo"))

    before, since = asyncio.run(
        set_trading_state(ledger.through(troubled, clock), clock, "argo", TradingState.HALTED, reason="a person")
    )

    assert (before, since, troubled.faults) == (TradingState.ACTIVE, NOW, [])
    assert asyncio.run(ledger.account("argo")).trading_state is TradingState.HALTED
    with pytest.raises(ReservationConflict):
        asyncio.run(ledger.intend(execution, an_intent(execution), account=read, now=NOW))


def test_c01_a_halt_that_cannot_be_written_is_not_confirmed():
    ledger, clock = InMemoryLedger(mode="simulated"), SteppedClock(NOW)
    silent = ledger.through(Troubled(*[Unavailable("throttled")] * 99), clock)

    with pytest.raises(Unavailable, match="throttled"):
        asyncio.run(set_trading_state(silent, clock, "argo", TradingState.HALTED, reason="a person"))

    assert clock.now() - NOW <= PATIENCE


def claimed(ledger: InMemoryLedger) -> Execution:
    granted = asyncio.run(ledger.claim(a_signal(), "argo", now=NOW, lease=timedelta(seconds=45)))
    assert isinstance(granted, Claimed)
    return granted.execution


def an_intent(execution: Execution) -> Intent:
    return Intent(execution.client_order_id, {"qty": "1"}, notional=Decimal(100), risk=Decimal(5))
