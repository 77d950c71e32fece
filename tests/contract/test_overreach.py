"""Executors at one account at the same time, on every ledger that bears it: no rule is broken (A26, B12)."""

import asyncio
from decimal import Decimal

import pytest

from argo.domain.ledger import ReservationConflict, SymbolLocked
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.symbols import Symbol
from execution.view import AccountView
from tests.contract.backends import together
from tests.contract.workers import LEASE, an_intent
from tests.unit.builders import NOW, EveryAsset, a_broker_account, a_market_clock, a_profile, a_signal
from tests.unit.execution.crowd import decide

pytestmark = pytest.mark.transaction

SYMBOLS = [Symbol(ticker) for ticker in ("AAPL", "MSFT", "NVDA", "JPM", "BAC", "XOM", "WMT", "SPY")]
POWER = Decimal(100_000)
EAGER = {"base_size_percent": 30, "size_cap_percent": 30, "scale_size": False, "risk_per_trade_percent": 100}


async def execute(ledger, signal, profile: Profile, conflicts: list) -> Denial | str | None:
    """Decide on a reading of the account and reserve on the same; read again where it has moved."""
    granted = await ledger.claim(signal, "argo", now=NOW, lease=LEASE)
    while True:
        state = await ledger.account("argo", exits_since=NOW)
        await asyncio.sleep(0)
        view = AccountView(
            read_at=NOW,
            state=state,
            broker=a_broker_account(buying_power=POWER),
            clock=a_market_clock(),
            assets=EveryAsset(),
        )
        plan = decide(signal, profile, view, NOW)
        if isinstance(plan, Denial):
            return plan.reason
        intent = an_intent(granted.execution, notional=plan.notional, risk=plan.entry.risk)
        try:
            await ledger.intend(granted.execution, intent, account=state, now=NOW)
        except ReservationConflict:
            conflicts.append(signal.symbol)
        except SymbolLocked:
            return DenialReason.ALREADY_POSITIONED
        else:
            return None


SMALL = {"base_size_percent": 5, "size_cap_percent": 5}


@pytest.mark.parametrize(
    ("rules", "denial", "orders", "money"),
    [
        ({}, DenialReason.INSUFFICIENT_BUYING_POWER, 5, 100_000),
        ({"position_limit": 2}, DenialReason.POSITION_LIMIT, 2, 60_000),
        (SMALL | {"correlated_positions": 1}, DenialReason.CORRELATION_LIMIT, 5, 25_000),
        ({"exposure_limit_percent": 50}, DenialReason.EXPOSURE_LIMIT, 1, 30_000),
        ({"orders_per_minute": 3}, DenialReason.ORDER_RATE_LIMIT, 3, 90_000),
    ],
    ids=["buying power", "positions", "correlation", "exposure", "order rate"],
)
def test_a26_b12_executors_at_once_use_every_rule_up_and_do_not_pass_it(faithful, rules, denial, orders, money):
    ledger, conflicts = faithful.ledger(), []
    profile = a_profile(**EAGER | rules)

    ends = together(*(execute(ledger.port, a_signal(symbol=each), profile, conflicts) for each in SYMBOLS))

    account = ledger.account("argo")
    assert conflicts
    assert set(ends) <= {None, denial}
    assert account.version == ends.count(None) == len(account.holdings) == account.rate_orders == orders
    reserved = sum(held.notional for held in account.holdings.values())
    assert money - 1_000 < account.reserved_notional == reserved <= money


def test_a26_executors_that_want_one_symbol_at_once_get_it_once(faithful):
    ledger, conflicts = faithful.ledger(), []
    rivals = [a_signal(strategy=f"rival {number}") for number in range(6)]

    ends = together(*(execute(ledger.port, rival, a_profile(**EAGER), conflicts) for rival in rivals))

    assert ends.count(None) == 1
    assert ends.count(DenialReason.ALREADY_POSITIONED) == 5
    assert len(ledger.account("argo").holdings) == 1
