"""Alpaca's least distance of a bracket's exits from its entry: a cent is enough, a tick less is not."""

from decimal import Decimal

import pytest

from argo.domain.orders import InvalidPrices, bracket_prices
from argo.domain.signal import Side
from argo.domain.symbols import AssetClass

BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
EITHER = pytest.mark.parametrize("close", ["stop", "target"])


def priced(side, entry, **apart):
    """Return the prices of a bracket whose stop and target are so far apart from its entry."""
    up = 1 if side is Side.BUY else -1
    stop, target = Decimal(entry) - up * Decimal(apart["stop"]), Decimal(entry) + up * Decimal(apart["target"])
    return bracket_prices(
        side=side,
        entry=Decimal(entry),
        stop=stop,
        target=target,
        slippage=Decimal(0),
        asset_class=AssetClass.US_EQUITY,
    )


@BOTH
@EITHER
@pytest.mark.parametrize(("entry", "wide"), [("100", "5"), ("0.5", "0.25")])
def test_an_exit_a_cent_away_is_sent_as_it_is(side, close, entry, wide):
    prices = priced(side, entry, **{"stop": wide, "target": wide, close: "0.01"})

    exit_price = prices.stop_price if close == "stop" else prices.target_price
    assert abs(exit_price - prices.limit_price) == Decimal("0.01")


@BOTH
@EITHER
def test_below_a_dollar_an_exit_a_tick_less_than_a_cent_away_is_refused(side, close):
    with pytest.raises(InvalidPrices):
        priced(side, "0.5", **{"stop": "0.25", "target": "0.25", close: "0.0099"})


@BOTH
def test_both_exits_may_be_a_cent_away(side):
    prices = priced(side, "100", stop="0.01", target="0.01")

    assert {prices.stop_price, prices.target_price} == {Decimal("99.99"), Decimal("100.01")}
