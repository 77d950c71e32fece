from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import Asset, TradingState
from argo.domain.limits import DAILY_LOSS, DRAWDOWN
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from execution import checks
from execution.checks import breach_of, crypto_long_only, within_exposure
from execution.gate import (
    ACCOUNT_CHECKS,
    EXIT_CHECKS,
    LEDGER_CHECKS,
    SIGNAL_CHECKS,
    account_denial,
    exit_denial,
    ledger_denial,
    signal_denial,
)
from execution.planning import Plan
from tests.unit.builders import (
    AN_ASSET,
    LATER,
    NOW,
    a_broker_order,
    a_holding,
    a_position,
    a_profile,
    a_signal,
    a_trade_exit,
    an_account_state,
    an_account_view,
    an_entry_plan,
)
from tests.unit.strategies import account_views, confidences, few_symbols, full_profiles, signals, stocks

BLOCKED = {"trading_blocked": True}
CLOSED = {"is_open": False}
NO_SHORTS = {"shorting_enabled": False}
HELD = {"MSFT": a_holding(), "JPM": a_holding()}


def a_plan(notional) -> Plan:
    return Plan(an_entry_plan(), Decimal(notional), {})


def ledgers(denial_profile=None, *, now=NOW, **state) -> Denial | None:
    return ledger_denial(a_signal(), denial_profile or a_profile(), an_account_state(**state), now)


def accounts(profile=None, signal=None, **view) -> Denial | None:
    return account_denial(signal or a_signal(), profile or a_profile(), an_account_view(**view))


def test_an_ordinary_signal_passes():
    signal, profile, account = a_signal(), a_profile(), an_account_view()

    denials = (
        signal_denial(signal, profile),
        ledger_denial(signal, profile, account.state, NOW),
        account_denial(signal, profile, account),
        within_exposure(a_plan(1_000_000), profile, account),
    )

    assert denials == (None,) * 4


@given(confidences, confidences.filter(bool))
def test_a04_confidence_is_compared_with_the_minimum_in_one_unit(confidence, minimum):
    denial = signal_denial(a_signal(confidence=confidence), a_profile(minimum_confidence=minimum))

    assert (denial is None) == (confidence >= minimum)


def test_a05_a_denial_says_which_numbers_were_compared():
    denial = signal_denial(a_signal(confidence=Decimal("81.9")), a_profile(minimum_confidence=82))

    assert denial == Denial(
        DenialReason.CONFIDENCE_BELOW_MINIMUM, {"confidence": "81.9", "minimum_confidence": "82"}
    )


def test_a_symbol_off_the_profiles_list_is_denied():
    denial = signal_denial(a_signal(), a_profile(symbols={"SPY", "QQQ"}))

    assert denial == Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "AAPL", "allowed": "QQQ, SPY"})


def test_a_symbol_on_the_profiles_list_passes():
    denial = signal_denial(a_signal(), a_profile(symbols={"SPY", "aapl"}))

    assert denial is None


@pytest.mark.parametrize("spelling", ["BTC/USD", "BTCUSD", "BTC-USD"])
def test_a24_a_coin_is_on_the_list_however_it_is_written(spelling):
    coin = a_signal(symbol=Symbol(spelling))

    denials = [signal_denial(coin, a_profile(symbols=allowed)) for allowed in (None, {"btcusd"}, {"AAPL"})]

    assert denials == [
        None,
        None,
        Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": "BTC/USD", "allowed": "AAPL"}),
    ]


@pytest.mark.parametrize(
    ("symbol", "side", "denied"),
    [("BTC/USD", Side.SELL, True), ("BTC/USD", Side.BUY, False), ("AAPL", Side.SELL, False)],
)
def test_coins_that_are_not_held_are_not_sold(symbol, side, denied):
    denial = crypto_long_only(a_signal(symbol=Symbol(symbol), side=side), a_profile())

    assert denial == (Denial(DenialReason.CRYPTO_SHORT, {"symbol": "BTC/USD"}) if denied else None)


@pytest.mark.parametrize("regime", Regime)
def test_an_excluded_regime_is_denied_and_only_that(regime):
    profile = a_profile(excluded_regimes={Regime.CRISIS, Regime.NOT_WARM})

    denial = signal_denial(a_signal(regime=regime), profile)

    excluded = regime in {Regime.CRISIS, Regime.NOT_WARM}
    told = {"regime": regime, "excluded": "crisis, not_warm"}
    assert denial == (Denial(DenialReason.REGIME_EXCLUDED, told) if excluded else None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(TradingState.HALTED, DenialReason.HALTED), (TradingState.REDUCING, DenialReason.REDUCING_ONLY)],
)
@pytest.mark.parametrize(("why", "told"), [("daily loss", "daily loss"), (None, "no reason given")])
def test_an_account_that_is_not_active_takes_no_new_risk(state, reason, why, told):
    denial = ledgers(trading_state=state, state_reason=why)

    assert denial == Denial(reason, {"because": told})


def test_a_halt_says_since_when_and_until_when():
    denial = ledgers(
        trading_state=TradingState.HALTED, state_reason="breach", state_since=NOW, resumes_on=date(2026, 3, 3)
    )

    assert denial == Denial(
        DenialReason.HALTED, {"because": "breach", "since": NOW.isoformat(), "resumes_on": "2026-03-03"}
    )


def test_a_symbol_that_another_execution_holds_is_denied_with_its_holder():
    denial = ledgers(holdings={"AAPL": a_holding()})

    assert denial == Denial(
        DenialReason.ALREADY_POSITIONED, {"symbol": "AAPL", "held_by": "0123456789abcdef01234567"}
    )


def test_a_symbol_that_the_signal_itself_holds_passes():
    denial = ledgers(holdings={"AAPL": a_holding(signal_id=a_signal().signal_id)})

    assert denial is None


def test_a_protections_lock_is_a_denial():
    profile = a_profile(protections={"stop_loss_guard": {"stops": 1, "within_minutes": 5, "lock_minutes": 5}})

    denial = ledgers(profile, exits=(a_trade_exit(),))

    assert denial is not None
    assert denial.reason is DenialReason.STOP_LOSS_GUARD
    assert denial.numbers["until"] == (NOW + timedelta(minutes=4)).isoformat()


@pytest.mark.parametrize(("orders", "denied"), [(0, False), (4, False), (5, True), (6, True)])
def test_no_more_orders_go_out_in_a_minute_than_the_profile_allows(orders, denied):
    minute = NOW.replace(second=0)

    denial = ledgers(a_profile(orders_per_minute=5), rate_minute=minute, rate_orders=orders)

    told = {"orders_this_minute": str(orders), "orders_per_minute": "5"}
    assert denial == (Denial(DenialReason.ORDER_RATE_LIMIT, told) if denied else None)


def test_another_minutes_orders_do_not_count():
    earlier = NOW.replace(second=0) - timedelta(minutes=1)

    assert ledgers(a_profile(orders_per_minute=5), rate_minute=earlier, rate_orders=9) is None


def test_an_account_without_a_rate_limit_has_none():
    assert ledgers(rate_minute=NOW.replace(second=0), rate_orders=1_000) is None


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
    assert breach_of(Denial(reason)) == limit


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


@pytest.mark.parametrize(("notional", "denied"), [("29000", False), ("29000.01", True)])
def test_an_order_past_the_total_exposure_is_denied_with_the_sum(notional, denied):
    account = an_account_view(state={"holdings": {"MSFT": a_holding(notional=Decimal(21_000))}})

    denial = within_exposure(a_plan(notional), a_profile(exposure_limit_percent=50), account)

    told = {"exposure": "21000.00", "notional": notional if denied else "", "limit": "50000.00"}
    assert denial == (Denial(DenialReason.EXPOSURE_LIMIT, told) if denied else None)


def test_the_lists_go_from_cheap_to_dear():
    names = [[check.__name__ for check in checks] for checks in (SIGNAL_CHECKS, LEDGER_CHECKS, ACCOUNT_CHECKS)]

    assert names == [
        ["confident_enough", "symbol_allowed", "regime_allowed", "crypto_long_only"],
        ["trading_active", "symbol_free", "not_locked", "within_order_rate"],
        [
            "account_open",
            "market_open",
            "short_allowed",
            "not_positioned",
            "within_position_limit",
            "within_correlation_limit",
            "within_loss_limits",
            "price_still_there",
        ],
    ]


def test_a18_no_check_is_left_out_of_its_list():
    listed = {check.__name__ for each in (SIGNAL_CHECKS, LEDGER_CHECKS, ACCOUNT_CHECKS) for check in each}
    defined = {
        name
        for name, value in vars(checks).items()
        if getattr(value, "__module__", "") == checks.__name__
        and "Denial | None" in str(getattr(value, "__annotations__", {}).get("return", ""))
        and not name.startswith(("_", "before", "with_", "for_"))
    }

    assert defined - listed == {"within_exposure"}


def test_the_first_denial_of_the_signals_list_wins():
    signal = a_signal(confidence=Decimal(10), symbol=Symbol("BTC/USD"), regime=Regime.CRISIS)

    denial = signal_denial(signal, a_profile(excluded_regimes={"crisis"}))

    assert denial is not None
    assert denial.reason is DenialReason.CONFIDENCE_BELOW_MINIMUM


def test_the_first_denial_of_the_ledgers_list_wins():
    busy = {"rate_minute": NOW.replace(second=0), "rate_orders": 5}
    locked = {"exits": (a_trade_exit(),)}
    taken = {"holdings": {"AAPL": a_holding()}}
    profile = a_profile(orders_per_minute=5, protections={"cooldown": {"minutes": 30}})

    denials = [
        ledgers(profile, trading_state=TradingState.HALTED, **taken, **locked, **busy),
        ledgers(profile, **taken, **locked, **busy),
        ledgers(profile, **locked, **busy),
        ledgers(profile, **busy),
    ]

    assert [denial and denial.reason for denial in denials] == [
        DenialReason.HALTED,
        DenialReason.ALREADY_POSITIONED,
        DenialReason.COOLDOWN,
        DenialReason.ORDER_RATE_LIMIT,
    ]


@pytest.mark.parametrize(
    ("broker", "clock", "first"),
    [
        (BLOCKED | NO_SHORTS, CLOSED, DenialReason.ACCOUNT_BLOCKED),
        (NO_SHORTS, CLOSED, DenialReason.MARKET_CLOSED),
        (NO_SHORTS, {}, DenialReason.NOT_SHORTABLE),
    ],
)
def test_the_first_denial_that_needs_the_broker_wins(broker, clock, first):
    denial = accounts(signal=a_signal(side=Side.SELL), broker=broker, clock=clock)

    assert denial is not None
    assert denial.reason is first


def test_a20_an_exit_is_asked_only_whether_somebody_takes_the_order():
    assert [check.__name__ for check in EXIT_CHECKS] == ["account_open", "market_open"]


@given(signals(few_symbols), full_profiles(), account_views())
def test_a20_an_exit_is_never_denied_by_a_check_that_limits_new_risk(signal, profile, account):
    denial = exit_denial(signal, profile, account)

    can_be_ordered = not account.broker.is_blocked and account.clock.is_open
    assert (denial is None) == can_be_ordered
    assert denial is None or denial.reason in {DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED}


@given(signals(few_symbols), full_profiles(), account_views())
def test_a18_the_gate_passes_exactly_what_every_check_passes(signal, profile, account):
    by_list = (
        signal_denial(signal, profile),
        ledger_denial(signal, profile, account.state, NOW),
        account_denial(signal, profile, account),
    )

    one_by_one = (
        [check(signal, profile) for check in SIGNAL_CHECKS],
        [check(signal, profile, account.state, NOW) for check in LEDGER_CHECKS],
        [check(signal, profile, account) for check in ACCOUNT_CHECKS],
    )
    firsts = tuple(next((denial for denial in denials if denial), None) for denials in one_by_one)
    assert by_list == firsts


@given(signals(few_symbols), full_profiles(), account_views())
def test_what_passes_the_gate_is_within_every_rule(signal, profile, account):
    denials = (
        signal_denial(signal, profile),
        ledger_denial(signal, profile, account.state, NOW),
        account_denial(signal, profile, account),
    )

    if any(denials):
        assert all(denial is None or denial.numbers for denial in denials)
        return
    others = account.held - {signal.symbol}
    assert signal.confidence >= profile.minimum_confidence
    assert signal.regime not in profile.excluded_regimes
    assert account.state.trading_state is TradingState.ACTIVE
    assert not account.broker.is_blocked
    assert account.clock.is_open
    assert signal.side is Side.BUY or (profile.shorts and account.broker.shorting_enabled)
    assert signal.symbol not in account.held
    assert profile.position_limit is None or len(others) < profile.position_limit
    assert profile.orders_per_minute is None or account.state.orders_in_minute(NOW) < profile.orders_per_minute


@given(signals(stocks))
def test_a19_an_account_nobody_can_tell_the_equity_of_breaches_any_loss_limit(signal):
    profile = a_profile(minimum_confidence=0, daily_loss_limit_percent=100)

    denial = accounts(profile, signal.model_copy(update={"side": Side.BUY}), broker={"equity": Decimal(0)})

    assert denial is not None
    assert denial.reason is DenialReason.DAILY_LOSS_LIMIT


@given(st.sampled_from(DenialReason))
def test_only_loss_limits_halt(reason):
    assert (breach_of(Denial(reason)) is not None) == reason.endswith(("loss_limit", "drawdown_limit"))
