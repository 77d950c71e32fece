"""What a run says of the account itself, also when the broker says nothing."""

import asyncio
import json

import pytest

from argo.domain.account import TradingState
from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.ledger import ReservationConflict
from reconciliation.run import reconcile
from tests.unit.builders import NOW, an_account_state
from tests.unit.reconciliation.in_memory import Book, Exchange, a_wiring


class Kept(Book):
    """A ledger whose account stands as it is told."""

    standing = TradingState.ACTIVE
    busy = False

    async def account(self, executor):
        if self.busy:
            raise ReservationConflict(executor)
        return an_account_state(executor=executor, trading_state=self.standing)


def metrics(book, exchange, capsys):
    wiring = a_wiring(book, exchange, now=NOW)
    asyncio.run(reconcile(wiring))
    wiring.ports.telemetry.flush()
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return record


@pytest.mark.parametrize(
    ("standing", "halted"),
    [(TradingState.ACTIVE, 0), (TradingState.REDUCING, 0), (TradingState.HALTED, 1)],
)
def test_a_run_says_whether_the_account_is_halted(standing, halted, capsys):
    book = Kept()
    book.standing = standing

    assert metrics(book, Exchange(), capsys)["AccountHalted"] == [halted]


def test_a34_a_run_that_is_refused_counts_it_and_still_says_that_the_account_is_halted(capsys):
    book, exchange = Kept(), Exchange()
    book.standing = TradingState.HALTED
    exchange.faults["open_orders"] = Unauthorised("unauthorized.")

    written = metrics(book, exchange, capsys)

    assert (written["CredentialsRefused"], written["AccountHalted"]) == ([1], [1])


def test_a_broker_that_does_not_answer_is_no_refusal_and_leaves_unknown_what_is_naked(capsys):
    exchange = Exchange()
    exchange.broken["open_orders"] = Ambiguous("timed out")

    written = metrics(Kept(), exchange, capsys)

    assert written["CredentialsRefused"] == [0]
    assert "NakedPositionSeconds" not in written


def test_a_run_that_sees_everything_guarded_says_so(capsys):
    assert metrics(Kept(), Exchange(), capsys)["NakedPositionSeconds"] == [0]


def test_an_account_in_the_middle_of_a_transaction_says_nothing_and_loses_no_run(capsys):
    book, exchange = Kept(), Exchange()
    book.busy = True
    exchange.broken["open_orders"] = Ambiguous("timed out")

    written = metrics(book, exchange, capsys)

    assert "AccountHalted" not in written
    assert written["OpenExecutions"] == [0]
