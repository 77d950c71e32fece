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


@st.composite
def bracket_terms(draw: st.DrawFn) -> dict[str, object]:
    """Draw a side with an entry, and a stop and a target on their sides of it: from a hair to half away."""
    side = draw(sides)
    entry = draw(stock_prices)
    apart = st.one_of(decimals("0.0001", "0.02", 4), decimals("0.001", "0.5", 3).map(lambda share: entry * share))
    down, up = (draw(apart).quantize(Decimal("0.0001")) for _ in range(2))
    below, above = max(entry - down, Decimal("0.0001")), entry + max(up, Decimal("0.0001"))
    if below >= entry:
        below = entry / 2
    stop, target = (below, above) if side is Side.BUY else (above, below)
    return {"side": side, "entry": entry, "stop": stop, "target": target}


votes = st.builds(Vote, source=words, side=sides, confidence=confidences, weight=decimals("0.001", "100", 3))


@st.composite
def signals(draw: st.DrawFn, symbols: st.SearchStrategy[Symbol] = symbols) -> Signal:
    terms = draw(bracket_terms())
    bar_time = draw(times)
    created_at = bar_time + timedelta(microseconds=draw(st.integers(0, 10**10)))
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
        timeframe=draw(st.sampled_from(Timeframe)),
        bar_time=bar_time,
        created_at=created_at,
        expires_at=created_at + timedelta(seconds=draw(st.integers(1, 86_400))),
        regime=draw(st.sampled_from(Regime)),
        votes=tuple(draw(st.lists(votes, max_size=3))),
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    base, cap = sorted(draw(st.tuples(size_percents, size_percents)))
    return a_profile(
        base_size_percent=base,
        size_cap_percent=cap,
        scale_size=draw(st.booleans()),
        risk_per_trade_percent=draw(percents),
        slippage_percent=draw(decimals("0", "5", 2)),
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


@st.composite
def full_profiles(draw: st.DrawFn) -> Profile:
    """Draw a profile that may have every limit there is, tight ones mostly."""
    small = draw(profiles())
    minutes = st.integers(1, 60)
    guard = {"within_minutes": draw(minutes), "lock_minutes": draw(minutes)}
    limits = {
        "minimum_confidence": draw(st.sampled_from([0, 40, 75])),
        "shorts": draw(st.booleans()),
        "flip": draw(st.booleans()),
        "fractional": draw(st.booleans()),
        "excluded_regimes": draw(st.frozensets(st.sampled_from(Regime), max_size=2)),
        "symbols": draw(_maybe(st.frozensets(few_symbols, min_size=1))),
        "position_limit": draw(_maybe(_counts)),
        "correlated_positions": draw(_maybe(_counts)),
        "exposure_limit_percent": draw(_maybe(size_percents)),
        "orders_per_minute": draw(_maybe(_counts)),
        "price_drift_percent": draw(_maybe(decimals("0.1", "5"))),
        "daily_loss_limit_percent": draw(_maybe(size_percents)),
        "drawdown_limit_percent": draw(_maybe(size_percents)),
        "drawdown_basis": draw(st.sampled_from(DrawdownBasis)),
        "protections": {
            "cooldown": draw(_maybe(st.just({"minutes": guard["lock_minutes"]}))),
            "stop_loss_guard": draw(_maybe(_counts.map(lambda stops: guard | {"stops": stops}))),
            "drawdown_guard": draw(_maybe(percents.map(lambda fall: guard | {"drawdown_percent": fall}))),
        },
    }
    return Profile.model_validate(small.model_dump() | limits)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    return a_holding(
        signal_id=draw(st.sampled_from(["aaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"])),
        side=draw(sides),
        notional=draw(amounts),
        since=NOW - timedelta(seconds=draw(st.integers(-5, 40))),
    )


@st.composite
def account_views(draw: st.DrawFn) -> AccountView:
    """Draw what may be known of an account at `NOW`: blocked or not, with locks, positions, orders, losses."""
    mostly = st.sampled_from([False, False, False, True])
    exits = st.builds(
        a_trade_exit,
        symbol=few_symbols,
        leg=st.sampled_from(["stop_loss", "take_profit", "exit"]),
        profit=decimals("-900", "900"),
        at=st.integers(0, 120).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    )
    equity = draw(amounts)
    return an_account_view(
        state={
            "trading_state": draw(st.sampled_from([TradingState.ACTIVE] * 3 + list(TradingState))),
            "reserved_notional": draw(amounts),
            "rate_minute": draw(_maybe(st.just(NOW.replace(second=0)))),
            "rate_orders": draw(st.integers(0, 8)),
            "trading_day": draw(_maybe(st.just(NOW.date()))),
            "day_start_equity": draw(_maybe(amounts)),
            "starting_equity": draw(_maybe(amounts)),
            "peak_equity": draw(_maybe(amounts)),
            "holdings": draw(st.dictionaries(few_symbols, holdings(), max_size=3)),
            "exits": tuple(draw(st.lists(exits, max_size=3))),
        },
        broker={
            "equity": equity,
            "last_equity": draw(_maybe(amounts)),
            "buying_power": draw(amounts),
            "non_marginable_buying_power": draw(_maybe(amounts)),
            "trading_blocked": draw(mostly),
            "shorting_enabled": not draw(mostly),
        },
        clock={"is_open": not draw(mostly)},
        positions=tuple(
            draw(
                st.lists(
                    st.builds(
                        a_position,
                        symbol=few_symbols,
                        quantity=decimals("-50", "50", 0).filter(bool),
                        market_value=_maybe(decimals("-9000", "9000")),
                    ),
                    max_size=3,
                    unique_by=lambda position: position.symbol,
                )
            )
        ),
        orders=tuple(
            draw(
                st.lists(
                    st.builds(
                        a_broker_order,
                        symbol=few_symbols,
                        side=sides.map(str),
                        client_order_id=st.sampled_from(["by hand", "argo-argo-aaaaaaaaaaaaaaaaaaaaaaaa-entry"]),
                    ),
                    max_size=3,
                )
            )
        ),
        prices={symbol: Decimal(100) for symbol in draw(st.frozensets(few_symbols))},
    )
