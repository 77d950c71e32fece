from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import Asset
from argo.domain.limits import DAILY_LOSS, DRAWDOWN
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from execution.checks import LOSS_LIMITS
from tests.unit.builders import AN_ASSET, LATER, a_broker_order, a_holding, a_position, a_profile, a_signal
from tests.unit.execution.denials import CLOSED, NO_SHORTS, accounts
from tests.unit.strategies import signals, stocks

HELD = {"MSFT": a_holding(), "JPM": a_holding()}


@pytest.mark.parametrize(
    "flag",
    [
        {"status": "ACCOUNT_UPDATED"},
        {"trading_blocked": True},
        {"account_blocked": True},
        {"trade_suspended_by_user": True},
    ],
)
def test_a_blocked_account_is_denied_with_its_flags(flag):
    denial = accounts(broker=flag)

    assert denial is not None
    assert denial.reason is DenialReason.ACCOUNT_BLOCKED
    ((name, value),) = flag.items()
    assert denial.numbers[name] == str(value)
    assert set(denial.numbers) == {"status", "trading_blocked", "account_blocked", "trade_suspended_by_user"}


def test_a_closed_market_is_denied_with_its_next_opening():
    denial = accounts(clock=CLOSED)

    assert denial == Denial(DenialReason.MARKET_CLOSED, {"next_open": LATER.isoformat()})


def test_coins_trade_while_the_exchange_is_closed():
    assert accounts(signal=a_signal(symbol=Symbol("BTC/USD")), clock=CLOSED) is None


@pytest.mark.parametrize(
    ("profile", "broker", "asset"),
    [
        ({"shorts": False}, {}, AN_ASSET),
        ({}, NO_SHORTS, AN_ASSET),
        ({}, {}, Asset(tradable=True, shortable=False, fractionable=True)),
        ({}, {}, None),
    ],
    ids=["the profile", "the account", "the asset", "an asset nobody knows"],
)
def test_a_short_sale_needs_profile_account_and_asset_to_allow_it(profile, broker, asset):
    view = {"broker": broker, "assets": {Symbol("AAPL"): asset}}

    short, long = (accounts(a_profile(**profile), a_signal(side=side), **view) for side in (Side.SELL, Side.BUY))

    assert short == Denial(
        DenialReason.NOT_SHORTABLE,
        {
            "profile_shorts": str(not profile),
            "shorting_enabled": str(not broker),
            "shortable": str(asset is AN_ASSET),
        },
    )
    assert long is None


def test_a_short_sale_that_all_allow_passes():
    assert accounts(signal=a_signal(side=Side.SELL)) is None


@pytest.mark.parametrize(
    "seen",
    [
        {"positions": (a_position(symbol="AAPL"),)},
        {"orders": (a_broker_order(client_order_id="by hand"),)},
    ],
    ids=["a position", "an order"],
)
def test_b15_what_the_account_holds_without_argo_is_not_argos_to_touch(seen):
    denial = accounts(**seen)

    assert denial == Denial(DenialReason.ALREADY_POSITIONED, {"symbol": "AAPL", "held_by": "no order of Argo's"})


def test_ones_own_position_does_not_look_like_somebody_elses():
    own = {"AAPL": a_holding(signal_id=a_signal().signal_id)}

    assert accounts(state={"holdings": own}, positions=(a_position(symbol="AAPL"),)) is None


@pytest.mark.parametrize(
    "held",
    [
        {"state": {"holdings": HELD}},
        {"positions": (a_position(), a_position(symbol="JPM"))},
        {"orders": (a_broker_order(symbol="MSFT"), a_broker_order(symbol="JPM"))},
        {"state": {"holdings": {"MSFT": a_holding()}}, "positions": (a_position(symbol="JPM"), a_position())},
    ],
    ids=["locks", "positions", "orders", "one of each"],
)
def test_a_position_counts_whoever_knows_of_it(held):
    full, room = (accounts(a_profile(position_limit=limit), **held) for limit in (2, 3))

    assert full == Denial(DenialReason.POSITION_LIMIT, {"positions": "2", "position_limit": "2"})
    assert room is None


def test_the_signals_own_symbol_is_not_counted_against_it():
    own = {"AAPL": a_holding(signal_id=a_signal().signal_id), "MSFT": a_holding()}

    assert accounts(a_profile(position_limit=2), state={"holdings": own}) is None


def test_an_account_without_a_position_limit_has_none():
    many = {f"SYM{letter}": a_holding() for letter in "ABCDEFGHIJ"}

    assert accounts(state={"holdings": many}) is None


def test_one_position_too_many_in_a_group_is_denied_with_the_group():
    denial = accounts(
        a_profile(correlated_positions=2),
        state={"holdings": {"MSFT": a_holding(), "JPM": a_holding()}},
        positions=(a_position(symbol="NVDA"),),
    )

    assert denial == Denial(
        DenialReason.CORRELATION_LIMIT,
        {"group": "technology", "held": "MSFT, NVDA", "correlated_positions": "2"},
    )


@pytest.mark.parametrize("held", ["JPM", "ZZZZ", "SPY260320C00600000"])
def test_what_does_not_move_together_does_not_count_together(held):
    assert accounts(a_profile(correlated_positions=1), positions=(a_position(symbol=held),)) is None


def test_coins_are_one_group():
    coin = a_signal(symbol=Symbol("ETH/USD"))

    denial = accounts(a_profile(correlated_positions=1), coin, positions=(a_position(symbol="BTCUSD"),))

    assert denial is not None
    assert denial.numbers["group"] == "crypto"


def test_an_account_may_name_its_own_groups():
    profile = a_profile(correlated_positions=1, correlation_groups={"pair": {"AAPL", "JPM"}})

    denials = [accounts(profile, positions=(a_position(symbol=symbol),)) for symbol in ("JPM", "MSFT")]

    assert [denial and denial.numbers["group"] for denial in denials] == ["pair", None]


@pytest.mark.parametrize(("equity", "denied"), [("95000.01", False), ("95000", True), ("10", True)])
def test_a25_a_used_up_daily_loss_is_denied_with_the_loss(equity, denied):
    denial = accounts(
        a_profile(daily_loss_limit_percent=5),
        broker={"equity": Decimal(equity)},
        state={"trading_day": LATER.date().replace(day=2), "day_start_equity": Decimal(100_000)},
    )

    numbers = {
        "loss": f"{100_000 - Decimal(equity):.2f}",
        "limit": "5000.00",
        "equity": f"{Decimal(equity):.2f}",
    }
    assert denial == (Denial(DenialReason.DAILY_LOSS_LIMIT, numbers) if denied else None)


@pytest.mark.parametrize(("basis", "denied"), [("trailing", True), ("static", False)])
def test_a_used_up_drawdown_is_denied_by_its_basis(basis, denied):
    denial = accounts(
        a_profile(drawdown_limit_percent=10, drawdown_basis=basis),
        broker={"equity": Decimal(100_000)},
        state={"starting_equity": Decimal(100_000), "peak_equity": Decimal(120_000)},
    )

    numbers = {"loss": "20000.00", "limit": "12000.00", "equity": "100000.00"}
    assert denial == (Denial(DenialReason.DRAWDOWN_LIMIT, numbers) if denied else None)


@pytest.mark.parametrize(
    ("reason", "limit"),
    [
        (DenialReason.DAILY_LOSS_LIMIT, DAILY_LOSS),
        (DenialReason.DRAWDOWN_LIMIT, DRAWDOWN),
        (DenialReason.POSITION_LIMIT, None),
    ],
)
def test_a_denial_by_a_loss_limit_names_the_limit_that_halts(reason, limit):
    assert LOSS_LIMITS.get(reason) == limit


@pytest.mark.parametrize("price", ["100.5", "99.5"])
def test_a_price_that_moved_up_to_the_bound_passes(price):
    denial = accounts(a_profile(price_drift_percent="0.5"), prices={Symbol("AAPL"): Decimal(price)})

    assert denial is None


@pytest.mark.parametrize(("price", "drift"), [("100.51", "0.5100"), ("99.49", "0.5100"), ("50", "50.0000")])
def test_a_price_that_moved_away_either_way_is_denied_with_the_drift(price, drift):
    denial = accounts(a_profile(price_drift_percent="0.5"), prices={Symbol("AAPL"): Decimal(price)})

    assert denial == Denial(
        DenialReason.PRICE_DRIFTED,
        {"entry_price": "100", "price_drift_percent": "0.5", "last_price": price, "drift_percent": drift},
    )


def test_a30_no_price_is_no_order():
    denial = accounts(a_profile(price_drift_percent="0.5"), prices={Symbol("MSFT"): Decimal(100)})

    assert denial == Denial(
        DenialReason.PRICE_DRIFTED, {"entry_price": "100", "price_drift_percent": "0.5", "last_price": "none"}
    )


@given(signals(stocks))
def test_a19_an_account_nobody_can_tell_the_equity_of_breaches_any_loss_limit(signal):
    profile = a_profile(minimum_confidence=0, daily_loss_limit_percent=100)

    denial = accounts(profile, signal.model_copy(update={"side": Side.BUY}), broker={"equity": Decimal(0)})

    assert denial is not None
    assert denial.reason is DenialReason.DAILY_LOSS_LIMIT


@given(st.sampled_from(DenialReason))
def test_only_loss_limits_halt(reason):
    assert (reason in LOSS_LIMITS) == reason.endswith(("loss_limit", "drawdown_limit"))
