"""A broker over HTTP and one in memory live through the same, and must tell the same of it, to the last digit."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from argo.domain.faults import BrokerFault
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from simulation.broker import BrokerError, order_request
from tests.contract.backends import together
from tests.contract.faces import HttpFace, MemoryFace
from tests.deep import examples
from tests.simulation.trader import AFTER_THE_CLOSE, NEXT_OPENING, TEN_O_CLOCK

SYMBOLS = tuple(Symbol(name) for name in ("AAPL", "BTC/USD", "IBM", "NONE"))
MINUTE = timedelta(minutes=1)

prices = st.integers(9_600, 10_400).map(lambda cents: str(Decimal(cents) / 100))
quantities = st.integers(1, 40).map(str)
sides = st.sampled_from(["buy", "sell"])
names = st.sampled_from([f"argo-{number}" for number in range(12)])
stocks = st.sampled_from(["AAPL", "AAPL", "AAPL", "IBM"])
symbols = st.one_of(stocks, st.just("BTC/USD"))
times = st.sampled_from(["gtc"] * 6 + ["day", "ioc"])
seconds = st.integers(0, 90)
numbers = st.integers(0, 30)
spoilers = st.sampled_from(
    [
        {"symbol": "NONE"},
        {"qty": "5000"},
        {"qty": "1.0000000001"},
        {"qty": "0.5"},
        {"qty": "10.0"},
        {"qty": None, "notional": "500"},
        {"limit_price": "100.001"},
        {"limit_price": "1E+2"},
        {"limit_price": 99.5},
        {"stop_price": "many"},
        {"take_profit": {"limit_price": "99.999"}},
        {"stop_loss": {}},
        {"time_in_force": "never"},
        {"order_class": "oto"},
        {"extended_hours": True},
    ]
)


@st.composite
def orders(draw):
    """The body of an order: one that can be sent, and sometimes with a term that it had better not have."""
    group = draw(st.sampled_from(["simple", "simple", "bracket", "bracket", "bracket", "oco"]))
    kind = "limit" if group == "oco" else draw(st.sampled_from(["market", "limit", "limit", "stop", "stop_limit"]))
    body = {"side": draw(sides), "type": kind, "order_class": group, "qty": draw(quantities)}
    body |= {"symbol": draw(symbols if group == "simple" else stocks), "time_in_force": draw(times)}
    body |= {f"{term}_price": draw(prices) for term in ("limit", "stop") if term in kind}
    if group != "simple":
        low, high = draw(st.integers(60, 95)), draw(st.integers(105, 140))
        leaves_long = (body["side"] == "buy") == (group != "oco")
        body["take_profit"] = {"limit_price": high if leaves_long else low}
        body["stop_loss"] = {"stop_price": low if leaves_long else high}
    body |= {"client_order_id": draw(names)} if draw(st.booleans()) else {}
    return body | (draw(spoilers) if draw(numbers) > 26 else {})


@st.composite
def bars(draw):
    low, first, last, high = sorted(Decimal(draw(st.integers(90, 110))) for _ in range(4))
    return (first, high, low, last) if draw(st.booleans()) else (last, high, low, first)


behaviours = st.fixed_dictionaries(
    {},
    optional={
        "orders_lag": seconds,
        "positions_lag": seconds,
        "cancel_takes": seconds,
        "rival_cancel_takes": seconds,
        "stop_legs_stay_held": st.booleans(),
        "rejected_after": st.dictionaries(names, seconds, max_size=3),
    },
)
manual_orders = st.fixed_dictionaries(
    {"symbol": st.just("AAPL"), "side": sides, "qty": quantities, "type": st.just("market")}
).map(lambda terms: terms | {"time_in_force": "day"})

HAPPENINGS = {
    "bar": (bars(), lambda trader, ohlc: (trader.wait(0), trader.bar(*ohlc))),
    "price": (st.tuples(prices, symbols), lambda trader, traded: trader.price(*traded)),
    "wait": (seconds, lambda trader, lasts: trader.wait(lasts)),
    "clock": (st.sampled_from([AFTER_THE_CLOSE, NEXT_OPENING]), lambda trader, now: trader.broker.set_clock(now)),
    "behaviour": (behaviours, lambda trader, terms: trader.behave(**terms)),
    "liquidity": (
        st.dictionaries(names, st.integers(0, 5).map(Decimal), max_size=2),
        lambda trader, limits: (trader.broker.fill_limits.clear(), trader.broker.fill_limits.update(limits)),
    ),
    "block": (
        st.sampled_from([True, False, False]),
        lambda trader, blocked: setattr(trader.account, "trading_blocked", blocked),
    ),
    "by hand": (
        manual_orders,
        lambda trader, terms: trader.broker.trade_by_hand(trader.account, order_request(terms)),
    ),
}
"""What happens at the broker: its details, and how it is done."""

QUESTIONS = {
    "submit": orders(),
    "replace": st.tuples(numbers, prices.map(Decimal)),
    "cancel": numbers,
    "look": st.none(),
}

stories = st.lists(
    st.one_of(
        *(st.tuples(st.just(kind), details) for kind, (details, _) in HAPPENINGS.items()),
        *(st.tuples(st.just(kind), details) for kind, details in QUESTIONS.items()),
        *[st.tuples(st.just("submit"), QUESTIONS["submit"])] * 6,
    ),
    min_size=10,
    max_size=25,
)


class Conversation:
    """One of the two faces, and all that it has said."""

    def __init__(self, face):
        self.face = face
        self.broker, self.market_data = face.broker().port, face.market_data().port
        self.said = []
        for symbol in ("IBM", "BTC/USD"):
            face.call(lambda symbol=symbol: face.trader.price(100, symbol))

    def live_through(self, story):
        for kind, details in story:
            if kind in HAPPENINGS:
                self.happen(kind, details)
            elif kind == "submit":
                self.answer(self.broker.submit(details))
            elif kind == "replace":
                number, price = details
                self.answer(self.broker.replace(self.order_id(number), stop_price=price))
            elif kind == "cancel":
                self.answer(self.broker.cancel(self.order_id(details)))
            else:
                self.look()
        self.look()
        return self.said

    def happen(self, kind, details):
        def done():
            try:
                HAPPENINGS[kind][1](self.face.trader, details)
            except (BrokerError, ValueError) as refused:
                self.said.append(repr(refused))

        self.face.call(done)

    def answer(self, call):
        # The adapter's own budget of requests goes by its clock and has no counterpart in memory: it may refill.
        self.face.clock.set(max(self.now, self.face.clock.now()) + MINUTE)
        try:
            (answer,) = together(call)
        except BrokerFault as fault:
            answer = type(fault), sorted(vars(fault).items())
        self.said.append(repr(answer))

    def look(self):
        broker, whole = self.broker, {"start": TEN_O_CLOCK - MINUTE, "end": self.now}
        for question in (broker.account, broker.clock, broker.positions, broker.open_orders):
            self.answer(question())
        self.answer(broker.open_orders(nested=False))
        self.answer(self.market_data.latest_prices(SYMBOLS))
        for timeframe in (Timeframe.MINUTE, Timeframe.FIVE_MINUTES):
            self.answer(self.market_data.bars(SYMBOLS, timeframe, **whole))
        for symbol in SYMBOLS:
            self.answer(broker.asset(symbol))
            self.answer(broker.closed_orders(symbol, since=TEN_O_CLOCK - MINUTE))
        for order_id in [*self.order_ids[-4:], "none"]:
            self.answer(broker.order(order_id))
        for name in ("argo-0", "argo-1"):
            self.answer(broker.order_by_client_id(name))

    @property
    def now(self):
        return self.face.call(lambda: self.face.trader.broker.clock.now)

    @property
    def order_ids(self):
        return self.face.call(lambda: list(self.face.trader.account.orders))

    def order_id(self, number):
        """Return the id of an order, or one that none has."""
        known = self.order_ids
        return known[number % len(known)] if known and number < 30 else "none"


@settings(max_examples=examples(30), phases=[Phase.generate])  # to shrink a story over HTTP takes minutes
@given(stories)
def test_both_faces_tell_the_same_of_the_same_story(story):
    with HttpFace(requests_per_minute=None) as over_http, MemoryFace() as in_memory:
        told, expected = Conversation(over_http).live_through(story), Conversation(in_memory).live_through(story)

    assert told == expected
