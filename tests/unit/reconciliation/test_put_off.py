"""What a run makes of a ledger and a broker that do not answer: it is counted each time, and the rest goes on."""

import asyncio
import json
from dataclasses import dataclass, field
from io import StringIO

import pytest

from argo.domain.faults import Ambiguous
from argo.domain.lists import Listed, Unreadable
from argo.domain.metrics import Metric
from argo.observability import Telemetry
from argo.ports import Unavailable
from reconciliation.run import EXECUTIONS_A_RUN, reconcile
from tests.emf import measured
from tests.unit.reconciliation.accounts import Account
from tests.unit.reconciliation.in_memory import Book, a_wiring
from tests.unit.reconciliation.positions import LATER


@dataclass
class Unsteady(Book):
    """A ledger whose ``broken`` methods never answer; ``moved`` executions have moved since they were listed."""

    broken: set[str] = field(default_factory=set)
    moved: bool = False
    left: int = 0
    unreadable: tuple[Unreadable, ...] = ()
    limits: list[int] = field(default_factory=list)

    def _answer(self, method):
        if method in self.broken:
            raise Unavailable(f"{method}: timeout")

    async def open_executions(self, *_, limit=None):
        self._answer("open_executions")
        self.limits.append(limit)
        return Listed(await super().open_executions(), left=self.left, unreadable=self.unreadable)

    async def execution(self, signal_id, executor):
        self._answer("execution")
        found = await super().execution(signal_id, executor)
        return found.model_copy(update={"updated_at": LATER}) if self.moved else found

    async def account(self, executor, **how):
        self._answer("account")
        return await super().account(executor, **how)


class Unanswered(Account):
    """Positions without their exits, so that each is looked at."""

    def __init__(self, count=0, *broken, **exits):
        super().__init__(count, **exits)
        self.book = Unsteady(self.book.executions, broken=set(broken))
        for number in range(count):
            self.end_legs(number)

    def run_told(self, capsys):
        """Run once; returns the report, the metrics, and how often each step was put off, by the log."""
        log = StringIO()
        telemetry = Telemetry("put-off", mode="simulated", executor="argo", stream=log)
        wiring = a_wiring(self.book, self.exchange, now=LATER, profile=self.profile, telemetry=telemetry)
        report = asyncio.run(reconcile(wiring))
        logged = [json.loads(line) for line in log.getvalue().splitlines()]
        steps = [each["step"] for each in logged if each["message"] == "aws_unavailable"]
        return report, measured(telemetry, capsys), steps


def test_c01_a_run_that_cannot_list_what_is_open_says_so_and_not_that_nothing_is(capsys):
    report, metrics, steps = Unanswered(2, "open_executions").run_told(capsys)

    assert (report.open, report.conserved, report.put_off) == (None, None, 1)
    assert steps == ["open_executions"]
    assert not {Metric.OPEN_EXECUTIONS, Metric.NAKED_POSITION, Metric.CONSERVATION_GAP} & metrics.keys()
    assert sum(metrics[Metric.AWS_UNAVAILABLE]) == 1


def test_c01_each_execution_that_the_ledger_does_not_tell_of_is_put_off(capsys):
    report, metrics, steps = Unanswered(3, "execution").run_told(capsys)

    assert (report.put_off, report.looked_at) == (3, 0)
    assert steps == ["look"] * 3
    assert sum(metrics[Metric.AWS_UNAVAILABLE]) == 3


def test_c01_a_halt_that_cannot_be_read_is_put_off_too(capsys):
    report, metrics, steps = Unanswered(0, "account").run_told(capsys)

    assert steps == ["watch", "record_halt"]
    assert report.put_off == 1
    assert Metric.ACCOUNT_HALTED not in metrics


def test_every_look_that_the_broker_does_not_answer_is_counted():
    account = Unanswered(2)
    account.exchange.broken["order"] = Ambiguous("timeout")

    assert account.run()[0].unanswered == 2


def test_prices_that_are_not_told_are_counted_and_asked_for_only_where_a_rule_needs_them():
    asked = []

    async def no_answer(symbols):
        asked.append(symbols)
        raise Ambiguous("timeout")

    with_rule, without = Account(1, break_even_at_r=1), Account(1)
    for account in (with_rule, without):
        account.exchange.latest_prices = no_answer

    assert [account.run()[0].unanswered for account in (with_rule, without)] == [1, 0]
    assert len(asked) == 1


def test_c08_what_has_moved_since_it_was_listed_is_left_to_the_next_run():
    account = Unanswered(2)
    account.book.moved = True

    assert account.run()[0].looked_at == 0


def test_what_is_left_unread_counts_as_open_and_a_record_that_cannot_be_read_has_its_name():
    account = Unanswered(2)
    account.book.left, account.book.unreadable = 3, (Unreadable("SIGNAL#1", "of a later version"),)

    report, _ = account.run()

    assert (report.open, report.left_unread, report.unreadable) == (5, 3, {"SIGNAL#1": "of a later version"})
    assert account.book.limits[0] == EXECUTIONS_A_RUN


@pytest.mark.parametrize(("broken", "named"), [((), True), (("account",), False)])
def test_b15_a_position_that_no_execution_holds_is_named_where_the_account_is_known(broken, named):
    account = Unanswered(0, *broken)
    account.exchange.held["TSLA"] = 5

    assert ("TSLA" in account.run()[0].problems) is named


def test_the_errors_of_all_executions_are_told_however_many_are_looked_at_at_a_time():
    account = Unanswered(7)
    for known in tuple(account.book.executions.values()):
        account.book.add(known.model_copy(update={"planned_stop": None, "planned_target": None}))

    with pytest.raises(ExceptionGroup) as failed:
        account.run()

    assert len(failed.value.exceptions) == 7
