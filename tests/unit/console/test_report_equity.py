"""Equity and drawdown from fills: by hand, in cash and in positions."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.signal import Side
from console.report.accounts import Basis, Curve, marked_curve, realised_curve
from console.trades import positions, r_multiple
from tests.unit.console.ledgers import a_denial, a_fill, a_history, a_reading, a_trade, closes_of, day

HOUR = timedelta(hours=1)
WON = a_trade(a_fill("entry", 100, day(0) + HOUR), a_fill("take_profit", 110, day(2) + HOUR), profit=100)
LOST = a_trade(a_fill("entry", 50, day(3) + HOUR), a_fill("stop_loss", 42, day(4) + HOUR), profit=-80, number=3)
SHORT = a_trade(a_fill("entry", 100, day(0) + HOUR), side=Side.SELL)


def amounts(curve):
    return [amount for _, amount in curve.points]


def test_realised_equity_begins_at_the_accounts_and_moves_when_a_trade_has_closed():
    curve = realised_curve(a_reading(LOST, WON), "argo")

    assert curve.basis is Basis.REALISED
    assert curve.points[1:] == [(day(2) + HOUR, 1_100), (day(4) + HOUR, 1_020)]
    assert curve.points[0][1] == 1_000


@pytest.mark.parametrize(
    "reading", [a_reading(LOST, WON, is_whole=False), a_reading(LOST, WON, equity=None)], ids=["part", "unknown"]
)
def test_where_the_start_is_not_known_the_curve_is_profit_and_no_equity(reading):
    curve = realised_curve(reading, "argo")

    assert curve.basis is Basis.PROFIT
    assert amounts(curve) == [0, 100, 20]
    assert (curve.max_drawdown, curve.max_drawdown_share) == (-80, None)
    assert marked_curve(reading, "argo", a_history(100, 100, 100, 50, 42)) is None


def test_an_account_without_executions_has_no_curve():
    assert realised_curve(a_reading(), "argo") is None


def test_a_denied_signal_moves_no_equity():
    assert amounts(realised_curve(a_reading(a_denial("price_drifted")), "argo")) == [1_000]


def test_marked_equity_is_cash_and_positions_at_every_close():
    curve = marked_curve(a_reading(LOST, WON), "argo", a_history(90, 105, 120, 45, 44))

    assert curve.basis is Basis.MARKED
    assert curve.points[0] == (day(0), 1_000)
    assert curve.points[1:] == list(zip(closes_of(range(5)), [900, 1_050, 1_100, 1_050, 1_020], strict=True))


def test_a_short_position_gains_when_its_price_falls():
    curve = marked_curve(a_reading(SHORT), "argo", a_history(100, 90, 115))

    assert amounts(curve) == [1_000, 1_000, 1_100, 850]


def test_an_exit_that_sold_too_much_is_put_back():
    fills = [
        a_fill("entry", 100, day(0) + HOUR),
        a_fill("take_profit", 110, day(1) + HOUR),
        a_fill("stop_loss", 100, day(1) + HOUR),
        a_fill("correction", 105, day(1) + 2 * HOUR),
    ]

    curve = marked_curve(a_reading(a_trade(*fills, profit=50)), "argo", a_history(100, 105, 200))

    assert amounts(curve)[-2:] == [1_050, 1_050]


@pytest.mark.parametrize(
    "history", [a_history(90, 105), a_history(90, 105, 120, 45, 44, symbol="MSFT"), a_history()]
)
def test_bars_that_do_not_hold_every_fill_mark_nothing(history):
    assert marked_curve(a_reading(LOST, WON), "argo", history) is None


def test_drawdown_is_measured_from_the_highest_point_before_it():
    curve = Curve(
        Basis.REALISED, [(day(number), Decimal(at)) for number, at in enumerate([100, 120, 90, 130, 117])]
    )

    assert curve.drawdowns == [0, 0, -30, 0, -13]
    assert (curve.max_drawdown, curve.max_drawdown_share) == (-30, -0.25)


@given(st.lists(st.integers(1, 1_000), min_size=1))
def test_no_drawdown_is_positive_nor_deeper_than_from_the_highest_to_the_lowest(heights):
    curve = Curve(Basis.REALISED, [(day(number), Decimal(at)) for number, at in enumerate(heights)])

    assert all(fall <= 0 for fall in curve.drawdowns)
    assert min(heights) - max(heights) <= curve.max_drawdown <= 0


def test_a_trade_has_its_exit_and_its_profit_in_units_of_risk():
    (won,) = positions([WON])

    assert (won.entry.price, won.exit.price, won.exit.leg, won.profit, r_multiple(WON)) == (
        100,
        110,
        "take_profit",
        100,
        2,
    )


def test_an_exit_in_two_fills_has_their_average_price():
    fills = [a_fill("entry", 100, day(0)), a_fill("take_profit", 110, day(1), 4), a_fill("exit", 105, day(2), 6)]

    (trade,) = positions([a_trade(*fills, profit=70)])

    assert (trade.exit.price, trade.exit.leg, trade.exit.at) == (107, "exit", day(2))


def test_an_open_trade_has_neither_exit_nor_profit_and_an_unfilled_order_is_none():
    (held,) = positions([SHORT, a_trade()])

    assert (held.exit, held.profit, r_multiple(SHORT)) == (None, None, None)
