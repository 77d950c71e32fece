"""Every rule of the referee's, broken by hand."""

from datetime import timedelta

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.ledger import Release, Settlement
from argo.domain.placements import Exit, Protection
from argo.domain.reasons import DenialReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.unit.builders import NOW, a_signal
from trials.referee.rules import Rule

BREACHES = {}


def breach(rule):
    def known(break_it):
        BREACHES[rule] = break_it
        return break_it

    return known


@breach(Rule.DUPLICATE)
def two_entries(court):
    held = court.hold()
    court.send({**held.order_body, "client_order_id": f"{held.client_order_id}2"})
    court.referee.settle()


@breach(Rule.LOST)
def message_deleted_before_the_claim(court):
    court.publish()
    court.acknowledge_all()
    court.referee.look()


@breach(Rule.FORGOTTEN)
def purged_and_never_ended(court):
    court.publish()
    court.queue.purge()
    court.referee.settle()


@breach(Rule.UNSENT)
def outbox_not_empty(court):
    court.publish(sent=False)
    court.referee.settle()


@breach(Rule.GHOST)
def order_not_on_the_record(court):
    execution = court.intend(court.claim())
    court.send(execution.order_body)
    court.settle(execution, ExecutionState.REJECTED, reason="other", release=Release.RESERVATION_AND_SYMBOL)
    court.referee.settle()


@breach(Rule.PHANTOM)
def order_that_nobody_has(court):
    court.settle(court.intend(court.claim()), ExecutionState.SUBMITTED, order_id="nobody's")
    court.referee.settle()


@breach(Rule.UNRESOLVED)
def claim_left_behind(court):
    court.claim()
    court.referee.settle()


@breach(Rule.SILENT)
def end_without_a_reason(court):
    court.settle(court.claim(), ExecutionState.DENIED)
    court.referee.settle()


@breach(Rule.NO_ORDERS)
def everything_denied(court):
    for number in range(20):
        claimed = court.claim(a_signal(strategy_version=str(number)))
        court.settle(claimed, ExecutionState.DENIED, reason=DenialReason.COOLDOWN)
    court.referee.settle()


@breach(Rule.GIVEN_UP)
def expired_in_peace(court):
    claimed = court.claim()
    court.referee.expect_peace()
    court.settle(claimed, ExecutionState.EXPIRED, reason="worker_lost")
    court.referee.settle()


@breach(Rule.DEAD_LETTER)
def signal_received_too_often(court):
    court.publish()
    for _ in range(4):
        court.do(court.queue.receive())
        court.wait(60)
    court.referee.settle()


@breach(Rule.POISON_LOST)
def poison_acknowledged(court):
    court.do(court.queue.poison("{}"))
    court.acknowledge_all()
    court.referee.settle()


@breach(Rule.ORDER_WITHOUT_INTENT)
def order_sent_first(court):
    court.see("broker", "submit", {"client_order_id": court.claim().client_order_id, "qty": "10"})


@breach(Rule.NUMBER_USED_UP)
def another_number_after_a_refusal(court):
    held = court.hold()
    body = {"client_order_id": f"argo-argo-{held.signal_id}-guard"}
    first = Protection(cover="none", attempt=1, order_body=body, sent_at=court.clock.now())
    court.see("ledger", "record_protection", held, first)
    sent = court.do(court.ledger.record_protection(held, first, now=court.clock.now()))
    court.refuse(body)
    court.see("ledger", "record_protection", sent, Protection(cover="none", attempt=2))


@breach(Rule.BEGUN_TOO_LATE)
def order_sent_with_little_time_left(court):
    intended = court.intend(court.claim())
    court.see("broker", "submit", intended.order_body, ends_at=court.loop.time() + 11.9)


@breach(Rule.LEASE_TAKEN)
def claim_taken_over_at_once(court):
    held = court.claim()
    court.see("ledger", "claim", a_signal(), "argo")
    court.ledger._overwrite(held.model_copy(update={"epoch": 2}))
    court.see("ledger", "account", "argo")


@breach(Rule.OUT_OF_TURN)
def written_after_the_successor(court):
    write_on(court, court.hold(), epoch=0)
    court.referee.settle()


@breach(Rule.EXPIRED_SENT)
def order_sent_late(court):
    execution = court.intend(court.claim())
    court.wait(400)
    court.see("broker", "submit", execution.order_body)


@breach(Rule.RISK_WHILE_HALTED)
def reserved_while_halted(court):
    claimed = court.claim()
    court.do(court.ledger.set_trading_state("argo", TradingState.HALTED, reason="test", now=court.clock.now()))
    court.see("ledger", "intend", claimed, account=court.do(court.ledger.account("argo")))


@breach(Rule.EXIT_DENIED)
def exit_halted(court):
    court.hold()
    court.wait(60)
    deny(court, against())


@breach(Rule.EXIT_UNFINISHED)
def exit_only_planned(court):
    court.do(court.ledger.record_exit(court.hold(), Exit(why="test", planned_at=NOW), now=court.clock.now()))
    court.referee.settle()


@breach(Rule.POSITION_LIMIT)
def two_positions_of_one(court):
    court.hold()
    court.hold(a_signal(symbol=Symbol("MSFT")))
    court.referee.look()


@breach(Rule.POSITION)
def bought_more_than_recorded(court):
    held = court.hold()
    court.send({**held.order_body, "client_order_id": "another's"})
    court.referee.settle()


@breach(Rule.GONE)
def sold_by_hand(court):
    by_hand = court.send(sold(court.hold(), "by-hand"))
    court.books.by_hand.add(by_hand.id)
    court.referee.settle()


@breach(Rule.FILLS_SHRANK)
def fill_forgotten(court):
    held = court.hold()
    court.see("ledger", "settle", held, ExecutionState.FILLED, Settlement(fills=()))
    court.ledger._overwrite(held.model_copy(update={"fills": ()}))
    court.see("ledger", "account", "argo")


@breach(Rule.UNPROTECTED)
def position_without_a_stop(court):
    court.hold()
    court.look_twice()


@breach(Rule.LIVE_BUT_ENDED)
def stop_left_behind(court):
    held, _ = court.guard(court.hold())
    court.settle(held, ExecutionState.CLOSED, release=Release.RESERVATION_AND_SYMBOL)
    court.look_twice()


@breach(Rule.RECORD_SIZE)
def steps_never_counted(court):
    held = court.hold()
    court.ledger._overwrite(held.model_copy(update={"history": held.history * 400}))
    court.referee.settle()


@breach(Rule.RESERVATION)
def money_kept(court):
    court.settle(court.intend(court.claim()), ExecutionState.REJECTED, reason="other")
    court.referee.settle()


@breach(Rule.SYMBOL_LOCK)
def symbol_kept(court):
    execution = court.intend(court.claim())
    court.settle(execution, ExecutionState.REJECTED, reason="other", release=Release.RESERVATION)
    court.referee.settle()


@breach(Rule.HALT_LOST)
def account_that_trades_on(court):
    court.referee.confirmed("argo")
    court.referee.look()


@breach(Rule.HALTED_IN_VAIN)
def halt_for_a_key_that_the_broker_has_not_refused(court):
    reason = "Unauthorised: ThrottlingException"
    court.see("ledger", "set_trading_state", "argo", TradingState.HALTED, reason=reason, now=court.clock.now())


@breach(Rule.HELD_UP)
def message_hidden_for_minutes_by_a_conflict(court):
    court.fail_in_aws(a_signal(), hidden=timedelta(seconds=180))


def write_on(court, execution, **step):
    written = execution.history[-1].model_copy(update=step)
    court.ledger._overwrite(execution.model_copy(update={"history": (*execution.history, written)}))


def against():
    return a_signal(side=Side.SELL)


def sold(execution, client_order_id):
    return {**execution.order_body, "side": "sell", "client_order_id": client_order_id}


def deny(court, signal, reason=DenialReason.HALTED):
    court.see("ledger", "settle", court.claim(signal), ExecutionState.DENIED, Settlement(reason=reason))
