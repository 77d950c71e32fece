"""Who trades which account of the broker: the first to take it has it, and gives it back for another."""

import pytest

from argo.domain.ledger import BrokerAccountHolder

pytestmark = pytest.mark.transaction


def test_the_first_to_take_an_account_has_it(ledger):
    taken = ledger.hold_broker_account("argo", "PA1")
    again = ledger.hold_broker_account("argo", "PA1")
    other = ledger.hold_broker_account("prop_firm", "PA1")

    assert taken == again == other == BrokerAccountHolder("argo")


def test_who_takes_another_account_gives_the_one_before_back(ledger):
    ledger.hold_broker_account("argo", "PA1")
    ledger.hold_broker_account("prop_firm", "PA1")

    moved = ledger.hold_broker_account("argo", "PA2")
    free = ledger.hold_broker_account("prop_firm", "PA1")
    back = ledger.hold_broker_account("argo", "PA1")

    assert (moved.executor, free.executor, back.executor) == ("argo", "prop_firm", "prop_firm")


def test_what_was_told_stays_with_the_account(ledger):
    ledger.hold_broker_account("argo", "PA1")
    ledger.note_told("PA1", "prop_firm argo")
    ledger.note_told("PA1", "swing argo")

    assert ledger.hold_broker_account("prop_firm", "PA1").told == {"prop_firm argo", "swing argo"}


def test_which_account_is_held_is_no_part_of_what_it_may_do(ledger):
    before = ledger.account("argo")

    ledger.hold_broker_account("argo", "PA1")

    assert ledger.account("argo") == before
