"""Hypothesis strategies: whatever the domain allows, not only what is likely."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from argo.domain.account import Holding, TradingState
from argo.domain.profile import DrawdownBasis, Profile
from argo.domain.signal import Regime, Side, Signal, Timeframe, Vote
from argo.domain.symbols import QUOTE_CURRENCIES, Symbol
from execution.sizing import SizingInput
from execution.view import AccountView
from tests.unit.builders import (
    NOW,
    a_broker_order,
    a_holding,
    a_position,
    a_profile,
    a_signal,
    a_sizing_input,
    a_trade_exit,
    an_account_view,
)


def decimals(low: str, high: str, places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places, allow_nan=False, allow_infinity=False)


sides = st.sampled_from(Side)
prices = st.one_of(decimals("0.0001", "2", 9), decimals("0.01", "9999", 2), decimals("0.5", "99999999", 9))
stock_prices = st.one_of(decimals("0.9", "3", 4), decimals("1", "999", 4), decimals("1", "50000", 2))
confidences = st.one_of(st.just(Decimal(0)), decimals("1.01", "100", 2))
volatilities = st.one_of(st.just(Decimal(0)), decimals("0.0001", "1", 4))
amounts = st.one_of(decimals("0", "5000", 2), decimals("0", "9000000", 2))
percents = decimals("0.1", "100", 2)
size_percents = decimals("1", "100", 2)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_ é|"[:-1], min_size=1, max_size=12)

tickers = st.from_regex(r"[A-Z]{1,5}(\.[A-Z]{1,2})?", fullmatch=True)
coins = st.from_regex(r"[A-Z]{3,6}", fullmatch=True)
pairs = st.tuples(coins, st.sampled_from(QUOTE_CURRENCIES))
stocks = tickers.map(Symbol)
symbols = st.one_of(stocks, pairs.map("/".join).map(Symbol))

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(["NaN", "Infinity", "-1", "1E+400", "0001-01-01T00:00:00+14:00", "2026-03-02T15:00:00Z"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


_apart = st.one_of(decimals("0.0001", "0.02", 4), decimals("0.001", "0.5", 3).map(lambda share: -share))
"""How far a stop or a target is from the entry: an amount, or, below zero, a share of the entry."""


@st.composite
def bracket_terms(draw: st.DrawFn) -> dict[str, object]:
    """Draw a side with an entry, and a stop and a target on their sides of it: from a hair to half away."""
    side = draw(sides)
    entry = draw(stock_prices)
    apart = (draw(_apart) for _ in range(2))
    down, up = ((by if by > 0 else -by * entry).quantize(Decimal("0.0001")) for by in apart)
    below, above = max(entry - down, Decimal("0.0001")), entry + max(up, Decimal("0.0001"))
    if below >= entry:
        below = entry / 2
    stop, target = (below, above) if side is Side.BUY else (above, below)
    return {"side": side, "entry": entry, "stop": stop, "target": target}


timeframes, regimes = st.sampled_from(Timeframe), st.sampled_from(Regime)
votes = st.builds(Vote, source=words, side=sides, confidence=confidences, weight=decimals("0.001", "100", 3))

_some_votes = st.lists(votes, max_size=3)
_delays, _lifetimes = st.integers(0, 10**10), st.integers(1, 86_400)


@st.composite
def signals(draw: st.DrawFn, symbols: st.SearchStrategy[Symbol] = symbols) -> Signal:
    terms = draw(bracket_terms())
    bar_time = draw(times)
    created_at = bar_time + timedelta(microseconds=draw(_delays))
    return a_signal(
        symbol=draw(symbols),
        side=terms["side"],
        confidence=draw(confidences),
        entry_price=terms["entry"],
        stop_price=terms["stop"],
        target_price=terms["target"],
        volatility=draw(volatilities),
        strategy=draw(words),
        strategy_version=draw(words),
        timeframe=draw(timeframes),
        bar_time=bar_time,
        created_at=created_at,
        expires_at=created_at + timedelta(seconds=draw(_lifetimes)),
        regime=draw(regimes),
        votes=tuple(draw(_some_votes)),
    )


_slippages = decimals("0", "5", 2)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    base, cap = sorted([draw(size_percents), draw(size_percents)])
    return a_profile(
        base_size_percent=base,
        size_cap_percent=cap,
        scale_size=draw(st.booleans()),
        risk_per_trade_percent=draw(percents),
        slippage_percent=draw(_slippages),
        widest_stop_percent=draw(percents),
    )


@st.composite
def sizing_inputs(draw: st.DrawFn) -> SizingInput:
    buying_power = draw(amounts)
    return a_sizing_input(
        confidence=draw(confidences),
        volatility=draw(volatilities),
        unit_cost=draw(decimals("0.01", "5000", 4)),
        unit_risk=draw(decimals("0.01", "500", 4)),
        equity=draw(amounts),
        buying_power=buying_power,
        unreserved_buying_power=draw(st.decimals(Decimal(0), buying_power, places=2)),
    )


_FEW = [Symbol(ticker) for ticker in ("AAPL", "MSFT", "NVDA", "JPM", "XOM", "ZZZZ")]
few_symbols = st.sampled_from(_FEW)
"""Symbols of a few groups, so that groups and positions fill up."""

_counts = st.integers(1, 6)


def _maybe[T](values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | values


_minutes = st.integers(1, 60)
_guards = st.fixed_dictionaries({"within_minutes": _minutes, "lock_minutes": _minutes})
_limits = st.fixed_dictionaries(
    {
        "minimum_confidence": st.sampled_from([0, 40, 75]),
        "shorts": st.booleans(),
        "flip": st.booleans(),
        "fractional": st.booleans(),
        "excluded_regimes": st.frozensets(regimes, max_size=2),
        "symbols": _maybe(st.frozensets(few_symbols, min_size=1)),
        "position_limit": _maybe(_counts),
        "correlated_positions": _maybe(_counts),
        "exposure_limit_percent": _maybe(size_percents),
        "orders_per_minute": _maybe(_counts),
        "price_drift_percent": _maybe(decimals("0.1", "5")),
        "daily_loss_limit_percent": _maybe(size_percents),
        "drawdown_limit_percent": _maybe(size_percents),
        "drawdown_basis": st.sampled_from(DrawdownBasis),
        "protections": st.fixed_dictionaries(
            {
                "cooldown": _maybe(st.fixed_dictionaries({"minutes": _minutes})),
                "stop_loss_guard": _maybe(st.builds(dict, _guards, stops=_counts)),
                "drawdown_guard": _maybe(st.builds(dict, _guards, drawdown_percent=percents)),
            }
        ),
    }
)


@st.composite
def full_profiles(draw: st.DrawFn) -> Profile:
    """Draw a profile that may have every limit there is, tight ones mostly."""
    return Profile.model_validate(draw(profiles()).model_dump() | draw(_limits))


_ages = st.integers(-5, 40)
_signal_ids = st.sampled_from(["aaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"])


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    return a_holding(
        signal_id=draw(_signal_ids),
        side=draw(sides),
        notional=draw(amounts),
        since=NOW - timedelta(seconds=draw(_ages)),
    )


_mostly_not = st.sampled_from([False, False, False, True])
_exits = st.builds(
    a_trade_exit,
    symbol=few_symbols,
    leg=st.sampled_from(["stop_loss", "take_profit", "exit"]),
    profit=decimals("-900", "900"),
    at=st.integers(0, 120).map(lambda minutes: NOW - timedelta(minutes=minutes)),
)
_states = st.fixed_dictionaries(
    {
        "trading_state": st.sampled_from([TradingState.ACTIVE] * 3 + list(TradingState)),
        "reserved_notional": amounts,
        "rate_minute": st.sampled_from([None, NOW.replace(second=0)]),
        "rate_orders": st.integers(0, 8),
        "trading_day": st.sampled_from([None, NOW.date()]),
        "day_start_equity": _maybe(amounts),
        "starting_equity": _maybe(amounts),
        "peak_equity": _maybe(amounts),
        "holdings": st.dictionaries(few_symbols, holdings(), max_size=3),
        "exits": st.lists(_exits, max_size=3).map(tuple),
    }
)
_at_broker = st.fixed_dictionaries(
    {
        "equity": amounts,
        "last_equity": _maybe(amounts),
        "buying_power": amounts,
        "non_marginable_buying_power": _maybe(amounts),
        "trading_blocked": _mostly_not,
        "shorting_enabled": _mostly_not.map(lambda forbidden: not forbidden),
    }
)
_positions = st.builds(
    a_position,
    symbol=few_symbols,
    quantity=decimals("-50", "50", 0).filter(bool),
    market_value=_maybe(decimals("-9000", "9000")),
)
_orders = st.builds(
    a_broker_order,
    symbol=few_symbols,
    side=sides.map(str),
    client_order_id=st.sampled_from(["by hand", "argo-argo-aaaaaaaaaaaaaaaaaaaaaaaa-entry"]),
)
_some_positions = st.lists(_positions, max_size=3, unique_by=lambda position: position.symbol).map(tuple)
_some_orders = st.lists(_orders, max_size=3).map(tuple)
_priced = st.frozensets(few_symbols)


@st.composite
def account_views(draw: st.DrawFn) -> AccountView:
    """Draw what may be known of an account at `NOW`: blocked or not, with locks, positions, orders, losses."""
    return an_account_view(
        state=draw(_states),
        broker=draw(_at_broker),
        clock={"is_open": not draw(_mostly_not)},
        positions=draw(_some_positions),
        orders=draw(_some_orders),
        prices={symbol: Decimal(100) for symbol in draw(_priced)},
    )
