from decimal import Decimal

import pytest

from argo.domain.account import Asset
from argo.domain.orders import OrderClass, TimeInForce
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from execution.planning import Plan
from tests.unit.builders import AN_ASSET, a_profile, a_signal, an_account_view
from tests.unit.execution.plans import plan

SMALL = {"buying_power": Decimal(900)}
FRACTIONAL = a_profile(fractional=True, time_in_force="gtc")


def test_less_than_a_share_is_a_simple_day_order_where_profile_and_asset_allow_it():
    planned = plan(profile=FRACTIONAL, account=an_account_view(broker=SMALL))

    assert isinstance(planned, Plan)
    body = planned.entry.body()
    assert (body["order_class"], body["time_in_force"], body["qty"]) == ("simple", "day", "0.987531172")
    assert body.keys().isdisjoint({"take_profit", "stop_loss"})
    assert (str(planned.entry.stop_price), str(planned.entry.target_price)) == ("95.00", "110.00")


def test_a_whole_share_stays_a_bracket_where_fractions_are_allowed():
    planned = plan(profile=FRACTIONAL)

    assert isinstance(planned, Plan)
    assert (planned.entry.order_class, planned.entry.time_in_force) == (OrderClass.BRACKET, TimeInForce.GTC)
    assert planned.entry.quantity == int(planned.entry.quantity)


@pytest.mark.parametrize(
    ("profile", "signal", "asset"),
    [
        (a_profile(), a_signal(), AN_ASSET),
        (FRACTIONAL, a_signal(side=Side.SELL), AN_ASSET),
        (FRACTIONAL, a_signal(), None),
        (FRACTIONAL, a_signal(), Asset(tradable=True, shortable=True, fractionable=False)),
    ],
    ids=["the profile", "a short sale", "an unknown asset", "an asset that takes whole shares"],
)
def test_a22_what_takes_no_fraction_is_denied_below_one_share(profile, signal, asset):
    account = an_account_view(broker=SMALL, assets={signal.symbol: asset})

    planned = plan(signal, profile, account)

    assert isinstance(planned, Denial)
    assert planned.reason is DenialReason.SIZE_BELOW_MINIMUM


@pytest.mark.parametrize(("power", "denied"), [("10", True), ("10.01", False)])
def test_a_fraction_is_worth_a_dollar_or_denied(power, denied):
    profile = a_profile(fractional=True, scale_size=False)

    planned = plan(profile=profile, account=an_account_view(broker={"buying_power": Decimal(power)}))

    assert isinstance(planned, Denial) == denied


BTC = {"symbol": Symbol("BTC/USD"), "entry_price": 60_000, "stop_price": 57_000, "target_price": 66_000}
CASH = {"buying_power": Decimal(200_000), "non_marginable_buying_power": Decimal(50_000)}


def test_a23_coins_are_a_simple_order_until_cancelled_paid_in_cash():
    planned = plan(a_signal(confidence=75, **BTC), account=an_account_view(broker=CASH))

    assert isinstance(planned, Plan)
    body = planned.entry.body()
    assert (body["symbol"], body["order_class"], body["time_in_force"]) == ("BTC/USD", "simple", "gtc")
    assert planned.arithmetic["buying_power"] == "50000"
    assert planned.notional <= 5_000 < planned.notional + 1
    assert -planned.entry.quantity.as_tuple().exponent <= 9


@pytest.mark.parametrize("time_in_force", ["day", "gtc"])
def test_coins_are_until_cancelled_and_stocks_as_the_profile_says(time_in_force):
    profile = a_profile(time_in_force=time_in_force)

    coins = plan(a_signal(confidence=75, **BTC), profile, an_account_view(broker=CASH))
    shares = plan(profile=profile)

    assert isinstance(coins, Plan)
    assert isinstance(shares, Plan)
    assert (coins.entry.time_in_force, shares.entry.time_in_force) == ("gtc", time_in_force)


@pytest.mark.parametrize(("cash", "denied"), [("99.99", True), ("101", False)])
def test_coins_are_worth_ten_dollars_or_denied(cash, denied):
    profile, broker = a_profile(scale_size=False), CASH | {"non_marginable_buying_power": Decimal(cash)}

    planned = plan(a_signal(**BTC), profile, an_account_view(broker=broker))

    assert isinstance(planned, Denial) == denied


@pytest.mark.parametrize(("price", "quantity"), [("4", 1), ("0.5", 1)])
def test_whole_shares_may_be_worth_less_than_a_fraction_may(price, quantity):
    price = Decimal(price)
    signal = a_signal(entry_price=price, stop_price=price / 2, target_price=price * 2)

    planned = plan(signal, a_profile(scale_size=False), an_account_view(broker={"buying_power": price * 11}))

    assert isinstance(planned, Plan)
    assert planned.entry.quantity == quantity


def test_an_entrys_limit_allows_for_the_slippage_to_the_cent():
    signal = a_signal(entry_price=Decimal(4000), stop_price=Decimal(3900), target_price=Decimal(4400))

    planned = plan(signal, a_profile(slippage_percent=Decimal("0.25")))

    assert isinstance(planned, Plan)
    assert planned.entry.limit_price == Decimal("4010.00")
