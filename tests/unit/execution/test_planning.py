from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.client_order_ids import Leg, client_order_id
from argo.domain.orders import TimeInForce
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side
from execution.planning import Plan, plan_entry
from tests.unit.builders import NOW, a_holding, a_profile, a_signal, an_account_view
from tests.unit.execution.plans import plan
from tests.unit.reaching import given_reaching
from tests.unit.strategies import (
    account_views,
    amounts,
    confidences,
    decimals,
    few_symbols,
    full_profiles,
    profiles,
    sides,
    signals,
    size_percents,
    stocks,
)


def test_a_plan_says_what_when_and_under_which_id():
    signal = a_signal(confidence=Decimal(75))

    planned = plan(signal)

    assert isinstance(planned, Plan)
    entry = planned.entry
    assert (entry.symbol, entry.side, entry.quantity) == ("AAPL", Side.BUY, 99)
    assert (entry.limit_price, entry.stop_price, entry.target_price) == (Decimal("100.25"), 95, 110)
    assert entry.client_order_id == client_order_id("argo", signal.signal_id)
    assert planned.notional == entry.notional == Decimal("9924.75")
    assert planned.arithmetic["shares"] == "99"


@pytest.mark.parametrize("time_in_force", [TimeInForce.DAY, TimeInForce.GTC])
def test_the_profile_decides_how_long_the_order_works(time_in_force):
    planned = plan(profile=a_profile(time_in_force=time_in_force))

    assert isinstance(planned, Plan)
    assert planned.entry.body()["time_in_force"] == time_in_force


def test_a_short_sale_binds_three_percent_more_than_its_price():
    planned = plan(a_signal(side=Side.SELL, confidence=Decimal(75)), a_profile(slippage_percent=0))

    assert isinstance(planned, Plan)
    assert planned.entry.limit_price == 100
    assert planned.entry.quantity == 97
    assert planned.notional == 97 * 103
    assert Decimal(planned.arithmetic["unit_cost"]) == 103


@pytest.mark.parametrize(("side", "slippage"), [(Side.BUY, 0), (Side.SELL, 5)])
def test_a_share_is_never_counted_cheaper_than_the_signals_entry(side, slippage):
    signal = a_signal(side=side, entry_price=Decimal("100.009"))

    planned = plan(signal, a_profile(slippage_percent=slippage))

    assert isinstance(planned, Plan)
    assert Decimal(planned.arithmetic["unit_cost"]) >= signal.entry_price


@pytest.mark.parametrize("slippage", ["0.25", 5])
def test_b12_a_short_sale_reserves_what_the_broker_binds_at_the_entry_price(slippage):
    signal = a_signal(side=Side.SELL)

    planned = plan(signal, a_profile(slippage_percent=slippage))

    assert isinstance(planned, Plan)
    assert planned.notional >= planned.entry.quantity * signal.entry_price * Decimal("1.03")


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "98.50"), (Side.SELL, "101.50")])
def test_a_stop_wider_than_the_profile_allows_is_drawn_in(side, stop):
    planned = plan(a_signal(side=side), a_profile(widest_stop_percent="1.5"))

    assert isinstance(planned, Plan)
    assert planned.entry.stop_price == Decimal(stop)


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "95"), (Side.SELL, "105")])
def test_a_stop_within_the_profiles_bound_stays(side, stop):
    planned = plan(a_signal(side=side), a_profile(widest_stop_percent=20))

    assert isinstance(planned, Plan)
    assert planned.entry.stop_price == Decimal(stop)


def test_b11_a_sub_penny_signal_becomes_an_order_on_tick():
    signal = a_signal(
        entry_price=Decimal("100.0049"), stop_price=Decimal("95.0012"), target_price=Decimal("110.0099")
    )

    planned = plan(signal)

    assert isinstance(planned, Plan)
    entry = planned.entry
    assert [str(price) for price in (entry.limit_price, entry.stop_price, entry.target_price)] == [
        "100.25",
        "95.01",
        "110.00",
    ]


def test_prices_that_leave_no_room_are_denied_with_the_prices():
    planned = plan(a_signal(target_price=Decimal("100.10")))

    assert planned == Denial(
        DenialReason.INVALID_PRICES, {"prices": "buy: limit 100.25, stop 95.00, target 100.10"}
    )


def test_a22_a_share_dearer_than_the_size_is_denied():
    planned = plan(account=an_account_view(broker={"buying_power": Decimal(900)}))

    assert isinstance(planned, Denial)
    assert planned.reason is DenialReason.SIZE_BELOW_MINIMUM


def test_b12_what_others_have_reserved_cannot_be_spent_again():
    taken = a_holding(notional=Decimal(99_950), since=NOW)
    account = an_account_view(state={"reserved_notional": Decimal(99_950), "holdings": {"MSFT": taken}})

    planned = plan(account=account)

    assert isinstance(planned, Denial)
    assert planned.reason is DenialReason.INSUFFICIENT_BUYING_POWER


def apart(signal):
    """Return the signal with exits so far from its entry that no slippage meets them."""
    up = 1 if signal.side is Side.BUY else -1
    exits = {"stop_price": Decimal(1) - up * Decimal("0.1"), "target_price": Decimal(1) + up * Decimal("0.3")}
    return signal.model_copy(update={name: signal.entry_price * times for name, times in exits.items()})


def rich(account):
    """Return the account with money for some shares of everything, whatever is reserved of it."""
    money = {"equity": Decimal(900_000), "buying_power": Decimal(900_000)}
    return replace(account, broker=account.broker.model_copy(update=money))


plenty = decimals("200000", "9000000")
equity_and_power = st.sampled_from([plenty, plenty, plenty, amounts]).flatmap(lambda each: st.tuples(each, each))
mostly_apart = st.sampled_from([*[apart] * 6, lambda drawn: drawn]).flatmap(signals(stocks).map)


@given_reaching(10, mostly_apart, profiles(), equity_and_power)
def test_a17_every_plan_is_a_complete_bracket_within_its_bounds(signal, profile, money):
    equity, buying_power = money
    account = an_account_view(broker={"equity": equity, "buying_power": buying_power})

    planned = plan(signal, profile, account)

    if isinstance(planned, Denial):
        return False
    entry, body = planned.entry, planned.entry.body()
    assert body["order_class"] == "bracket"
    assert body["take_profit"] == {"limit_price": str(entry.target_price)}
    assert body["stop_loss"] == {"stop_price": str(entry.stop_price)}
    assert planned.notional >= entry.notional
    assert planned.notional <= buying_power * Decimal("0.95")
    assert entry.notional <= buying_power * profile.size_cap_percent / 100
    assert entry.risk <= equity * profile.risk_per_trade_percent / 100
    widest = signal.entry_price * profile.widest_stop_percent / 100
    if signal.side is Side.BUY:
        assert entry.stop_price >= max(signal.stop_price, signal.entry_price - widest)
    else:
        assert entry.stop_price <= min(signal.stop_price, signal.entry_price + widest)
    return True


@pytest.mark.parametrize(("leg", "ending"), [(Leg.ENTRY, "-entry"), (Leg.FLIP, "-flip")])
def test_a21_the_leg_is_in_the_orders_id(leg, ending):
    planned = plan_entry(a_signal(), a_profile(), an_account_view(), executor="argo", leg=leg)

    assert isinstance(planned, Plan)
    assert planned.entry.client_order_id == f"argo-argo-{a_signal().signal_id}{ending}"


mostly_rich = st.sampled_from([rich, rich, lambda drawn: drawn]).flatmap(account_views().map)


@given_reaching(15, signals(few_symbols).map(apart), full_profiles(), mostly_rich)
def test_a17_every_plan_says_all_that_its_class_needs(signal, profile, account):
    planned = plan(signal, profile, account)

    if isinstance(planned, Denial):
        assert planned.numbers
        return False
    entry, body = planned.entry, planned.entry.body()
    whole = entry.quantity == int(entry.quantity)
    bracket = {"take_profit", "stop_loss"} <= body.keys()
    assert bracket == (body["order_class"] == "bracket") == (whole and entry.quantity >= 1)
    assert bracket or (profile.fractional and signal.side is Side.BUY and body["time_in_force"] == "day")
    assert Decimal(body["qty"]) == entry.quantity
    assert planned.notional <= account.unreserved_buying_power(signal.symbol) * Decimal("0.95")
    assert planned.notional >= max(entry.limit_price, signal.entry_price) * entry.quantity
    return True


@st.composite
def orderable(draw):
    """Draw what mostly becomes an order: a signal at an ordinary price, and a profile with room for it."""
    base, cap = sorted(draw(st.tuples(size_percents, size_percents)))
    profile = a_profile(
        base_size_percent=base,
        size_cap_percent=cap,
        risk_per_trade_percent=draw(st.sampled_from([1, 5, 100])),
        fractional=draw(st.booleans()),
    )
    signal = a_signal(
        side=draw(sides), confidence=draw(confidences), volatility=draw(decimals("0.005", "0.08", 4))
    )
    power = draw(decimals("50", "200000"))
    return signal, profile, an_account_view(broker={"buying_power": power, "equity": power})


@given(orderable(), confidences, decimals("0.005", "0.08", 4))
def test_an_order_grows_with_confidence_and_shrinks_with_volatility(drawn, confidence, volatility):
    signal, profile, account = drawn
    surer = signal.model_copy(update={"confidence": max(signal.confidence, confidence)})
    wilder = signal.model_copy(update={"volatility": max(signal.volatility, volatility)})

    smallest, middle, largest = (ordered(each, profile, account) for each in (wilder, signal, surer))

    assert smallest <= middle <= largest


def ordered(signal, profile, account) -> Decimal:
    planned = plan(signal, profile, account)
    return planned.entry.quantity if isinstance(planned, Plan) else Decimal(0)


@given(st.lists(signals(stocks), min_size=2, max_size=6), profiles(), amounts)
def test_a26_no_batch_in_any_order_exceeds_the_buying_power(batch, profile, buying_power):
    reserved, locks = Decimal(0), {}
    for number, signal in enumerate(batch):
        account = an_account_view(
            state={"reserved_notional": reserved, "holdings": locks},
            broker={"equity": buying_power, "buying_power": buying_power},
        )
        planned = plan(signal, profile, account)
        if isinstance(planned, Plan):
            reserved += planned.notional
            locks[f"LOCK{number}"] = a_holding(notional=planned.notional, since=NOW)

    assert reserved <= buying_power
