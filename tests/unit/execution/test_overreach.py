"""Two promises of the gate, the sizing and the reservation together: no rule is broken, in no order of steps."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from argo.domain.account import VIEWS_LAG
from argo.domain.profile import Profile
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.deep import examples
from tests.unit.builders import NOW, a_profile, a_signal
from tests.unit.execution.crowd import BrokerModel, World, a_foreign_position

SYMBOLS = [Symbol(ticker) for ticker in ("AAPL", "MSFT", "NVDA", "JPM", "BAC", "XOM", "ZZZZ")]
GROUPS = {"technology": {"AAPL", "MSFT", "NVDA"}, "finance": {"JPM", "BAC"}, "large": {"AAPL", "JPM", "XOM"}}
SECONDS = (0, 0, 0, 0, 1, 4, 10, 30)
LIMITS = {
    "position_limit": st.integers(1, 3),
    "correlated_positions": st.integers(1, 3),
    "exposure_limit_percent": st.integers(20, 100),
    "orders_per_minute": st.integers(1, 3),
}

signals = st.builds(
    lambda number, symbol, side, confidence, price: a_signal(
        strategy=f"strategy {number}",
        symbol=symbol,
        side=side,
        confidence=Decimal(confidence),
        entry_price=price,
        stop_price=price * (Decimal("0.95") if side is Side.BUY else Decimal("1.05")),
        target_price=price * (Decimal("1.1") if side is Side.BUY else Decimal("0.9")),
    ),
    st.integers(0, 9),
    st.sampled_from(SYMBOLS),
    st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
    st.sampled_from([10, 75, 90, 100]),
    st.sampled_from([Decimal(100), Decimal("37.53"), Decimal(4200)]),
)


@st.composite
def rules(draw: st.DrawFn) -> Profile:
    """Draw a profile with some of the limits, and sizes so large that a few orders reach the buying power."""
    base, cap = sorted(draw(st.tuples(st.integers(10, 100), st.integers(10, 100))))
    limits = {name: draw(LIMITS[name]) for name in draw(st.sets(st.sampled_from(sorted(LIMITS))))}
    return a_profile(
        minimum_confidence=0,
        base_size_percent=base,
        size_cap_percent=cap,
        scale_size=draw(st.booleans()),
        risk_per_trade_percent=100,
        fractional=draw(st.booleans()),
        correlation_groups=GROUPS,
        **limits,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw an account with up to seven executors at work on it, and perhaps something that is not Argo's."""
    power = draw(st.sampled_from([Decimal(100_000), Decimal(20_000), Decimal(500)]))
    foreign = (a_foreign_position("ZZZZ", 5000),) if draw(st.booleans()) else ()
    lag = timedelta(seconds=draw(st.sampled_from([0, 3, 9, 10])))
    world = World(draw(rules()), BrokerModel(power, Decimal(100_000), lag, foreign))
    for signal in draw(st.lists(signals, min_size=2, max_size=7)):
        world.execute(signal)
    return world


schedules = st.binary(min_size=40, max_size=160)
"""Who makes the next step, and after how long: five bits and three bits of each byte."""


def drain(world: World) -> None:
    """Let everybody come to an end, each in turn."""
    for turn in range(2_000):
        if not world.actors:
            return
        world.step(turn, timedelta())


@settings(max_examples=examples(400))
@given(worlds(), schedules)
def test_a26_b12_no_cap_limit_or_buying_power_is_exceeded_in_any_interleaving(world, schedule):
    for byte in schedule:
        if world.actors:
            world.step(byte >> 3, timedelta(seconds=SECONDS[byte & 7]))
    drain(world)

    assert world.actors == []
    assert world.overreach() == []
    assert world.broker.buying_power >= 0


def test_the_crowd_does_get_into_each_others_way():
    """What is above must not pass because nobody ever meets anybody."""
    profile = a_profile(
        minimum_confidence=0, base_size_percent=40, size_cap_percent=40, risk_per_trade_percent=100
    )
    world = World(profile, BrokerModel(Decimal(100_000), Decimal(100_000), VIEWS_LAG))
    for symbol in SYMBOLS:
        world.execute(a_signal(symbol=symbol))

    for turn in range(200):
        if world.actors:
            world.step(turn % len(world.actors), timedelta())

    assert world.conflicts > 0
    assert len(world.reserved) >= 2
    assert world.overreach() == []


@given(worlds())
def test_a_lone_executor_after_another_never_meets_a_conflict(world):
    while world.actors:
        world.step(0, timedelta(seconds=1))

    assert world.conflicts == 0
    assert world.overreach() == []
    assert world.now >= NOW
