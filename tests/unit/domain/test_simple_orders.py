"""Orders without a bracket, and what is learnt of an order that the broker has accepted."""

from decimal import Decimal

import pytest

from argo.domain.ledger import Settlement, accepted
from argo.domain.orders import TimeInForce
from argo.domain.placements import OrderLeg
from argo.domain.signal import Side
from tests.unit.builders import a_broker_order, an_entry_plan


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"side": Side.SELL, "symbol": "BTC/USD"}, "sold short"),
        ({"side": Side.SELL, "quantity": Decimal("0.5"), "time_in_force": TimeInForce.DAY}, "sold short"),
        ({"quantity": Decimal("0.5")}, "takes day only"),
    ],
    ids=["a coin", "a fraction", "a fraction until cancelled"],
)
def test_b09_a_simple_order_sells_nothing_short_and_a_fraction_is_for_the_day(fields, problem):
    exits = {"stop_price": "105", "target_price": "90"} if fields.get("side") is Side.SELL else {}

    with pytest.raises(ValueError, match=problem):
        an_entry_plan(order_class="simple", **fields | exits)


def test_what_the_broker_has_accepted_is_learnt_with_its_legs_and_its_answers_id():
    leg = a_broker_order(order_id="stop", stop_price=Decimal(95), status="held")

    learnt = accepted(a_broker_order(order_id="entry", legs=(leg,), request_id="r-1"), {"qty": "11"})

    assert learnt == Settlement(
        order_id="entry",
        legs=(OrderLeg(order_id="stop", role="stop_loss", status="held"),),
        detail={"qty": "11", "request_id": "r-1"},
    )
    assert accepted(a_broker_order(), {}).detail == {}
