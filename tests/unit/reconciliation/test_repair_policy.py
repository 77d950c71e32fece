"""Every row of the table of repairs, held against what is planned for such a position."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.placements import Cover, Protection
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from reconciliation.repair import plan_repair
from reconciliation.repair_policy import REPAIRS
from tests.unit.builders import NOW, a_market_clock
from tests.unit.reconciliation.positions import (
    HELD,
    LATER,
    NO_RULES,
    a_bracket,
    a_stop,
    a_target,
    an_entry,
    an_order,
    ended,
    filled,
    held,
    held_simply,
    situation,
)

BUY = Side.BUY
OPEN = an_order("entry", BUY, quantity=HELD)
PARTLY = OPEN.model_copy(update={"filled_quantity": Decimal(5)})
TWICE = Orders(an_entry(BUY, HELD, filled(a_target()), filled(a_stop())))
BARE = Orders(an_entry(BUY, HELD, ended(a_target()), ended(a_stop())))
GUARDED_SIMPLY = Orders(an_entry(), guards=(a_stop(),))
LIMITED = Orders(an_entry(), guards=(a_stop(limit_price=Decimal("94.5")),))
REFUSED_TWICE = held(protection=Protection(cover=Cover.NONE, naked_since=NOW, attempt=2, reason="no"))

CASES = [
    (situation(Orders(OPEN), held(expires_at=LATER, fills=())), NO_RULES),
    (situation(Orders(PARTLY), held(expires_at=LATER), now=LATER - timedelta(seconds=1)), NO_RULES),
    (situation(TWICE, position=-HELD), NO_RULES),
    (situation(TWICE, position=Decimal(0)), NO_RULES),
    (situation(Orders(an_entry(BUY, HELD, filled(a_target(), price=110), a_stop()))), NO_RULES),
    (situation(a_bracket(), position=Decimal(0)), NO_RULES),
    (situation(a_bracket()), ExitRules(bars=60)),
    (
        situation(a_bracket(), clock=a_market_clock(next_close=LATER + timedelta(minutes=15))),
        ExitRules(minutes_before_close=15),
    ),
    (situation(GUARDED_SIMPLY, held_simply(), price=Decimal(110)), NO_RULES),
    (situation(LIMITED, held_simply(), price=Decimal(94)), NO_RULES),
    (situation(a_bracket(), price=Decimal(105)), ExitRules(break_even_at_r=Decimal(1))),
    (situation(Orders(an_entry(BUY, HELD, a_stop(quantity=Decimal(7))))), NO_RULES),
    (situation(BARE, price=Decimal(95)), NO_RULES),
    (situation(BARE, REFUSED_TWICE), ExitRules(unprotected=OnUnprotected.FLATTEN)),
    (situation(BARE, REFUSED_TWICE), ExitRules(unprotected=OnUnprotected.WARN)),
    (situation(BARE), NO_RULES),
]
"""A position a row, in the table's order."""


@pytest.mark.parametrize(
    ("row", "case"),
    list(zip(REPAIRS, CASES, strict=True)),
    ids=[row.evidence.replace(" ", "_") for row in REPAIRS],
)
def test_a_position_gets_what_its_row_says(row, case):
    assert type(plan_repair(*case)) is row.answer


def test_a_position_that_is_as_it_should_be_is_in_no_row():
    assert plan_repair(situation(a_bracket()), NO_RULES) is None
