"""What must hold in the end, long after the last fault: everything settled, ledger and broker the same."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from argo.domain.execution import TRANSITIONS, Execution, ExecutionState
from argo.domain.placements import Fill
from argo.domain.signal import Side
from simulation.broker import Order
from simulation.ports.ledger.sizes import size_at_most, size_of_execution
from trials.referee.evidence import ENTRIES, SMALLEST, UNRESOLVED, Evidence, named
from trials.unreliable_queue import signal_in

_TIME_ENOUGH = timedelta(seconds=170)
"""What a signal needs at most once nothing fails: a dead worker's lease, its message's return, a minute."""

LARGEST_RECORD = 32 * 1024
"""Bytes of an execution's item at most, a small part of what a table takes."""

_MANY = 20
"""Signals of which an account makes at least one order."""


def settle(evidence: Evidence, *, peace_since: datetime | None) -> None:
    """Settle a run at its end; ``peace_since`` is when the last fault struck."""
    for stored in evidence.ledger.every_signal:
        for executor in sorted(stored.awaiting):
            evidence.violated("unsent", stored.signal.signal_id, f"{executor} still awaits it")
        for executor in sorted(evidence.unclaimed(stored)):
            evidence.violated("forgotten", stored.signal.signal_id, f"{executor} has no record of it")
    for execution in evidence.ledger.every_execution:
        _check_end(evidence, execution, peace_since)
        _check_history(evidence, execution)
        _check_size(evidence, execution)
    for executor in evidence.accounts:
        _check_orders(evidence, executor)
        _check_positions(evidence, executor)
        for symbol in evidence.unprotected(executor):
            evidence.violated("unprotected", f"{executor} {symbol}", "at the end")
        _check_reservations(evidence, executor)
        _check_orders_are_placed(evidence, executor)
        _check_dead_letters(evidence, executor)


def _check_end(evidence: Evidence, execution: Execution, peace_since: datetime | None) -> None:
    name = f"{execution.signal_id} {execution.executor}"
    if execution.state in UNRESOLVED:
        evidence.violated("unresolved", name, f"{execution.state}, obstacle {execution.obstacle}")
    elif execution.state.has_order and execution.order_id is None:
        evidence.violated("silent", name, f"{execution.state} without an order id")
    elif not execution.state.has_order and execution.reason is None:
        evidence.violated("silent", name, f"{execution.state} without a reason")
    if not execution.state.is_terminal and execution.exit is not None:
        planned = f"{execution.exit.why}: planned at {execution.exit.planned_at:%H:%M:%S}"
        evidence.violated("exit_unfinished", name, planned)
    had_time = peace_since is not None and execution.expires_at - peace_since > _TIME_ENOUGH
    purged = execution.signal_id in evidence.accounts[execution.executor].queue.purged
    if execution.state is ExecutionState.EXPIRED and had_time and not purged:
        evidence.violated("given_up", name, f"{execution.reason}, after the last fault")


def _check_history(evidence: Evidence, execution: Execution) -> None:
    """Nobody has written after his successor (an epoch falls), or onto a state that he did not know of."""
    for before, after in pairwise(execution.history):
        if before.times or after.times:
            continue  # It stands for steps of other moments.
        goes_on = after.state is before.state or after.state in TRANSITIONS[before.state]
        if not goes_on or after.epoch < before.epoch:
            steps = f"{before.state} at epoch {before.epoch} -> {after.state} at epoch {after.epoch}"
            evidence.violated("out_of_turn", f"{execution.signal_id} {execution.executor}", steps)


def _check_size(evidence: Evidence, execution: Execution) -> None:
    if size_at_most(execution) > LARGEST_RECORD and (size := size_of_execution(execution)) > LARGEST_RECORD:
        evidence.violated("record_size", f"{execution.signal_id} {execution.executor}", f"{size} bytes")


def _check_orders(evidence: Evidence, executor: str) -> None:
    at_broker = evidence.accounts[executor].at_broker
    entries: defaultdict[str, list[Order]] = defaultdict(list)
    for order in at_broker.orders.values():
        if (name := named(order.client_order_id)) is not None and name.leg in ENTRIES:
            entries[name.signal_id].append(order)
    for signal_id, orders in entries.items():
        if len(orders) > 1:
            evidence.violated("duplicate", signal_id, f"{len(orders)} entries at {executor}")
        execution = evidence.ledger.find(signal_id, executor)
        if execution is None or execution.order_id not in {order.id for order in orders}:
            known = execution.order_id if execution else "no execution"
            evidence.violated("ghost", signal_id, f"the broker has {orders[0].id}, the ledger {known}")
    for execution in evidence.executions_of(executor):
        if execution.order_id is not None and execution.order_id not in at_broker.orders:
            evidence.violated("phantom", execution.signal_id, f"{executor} has no order {execution.order_id}")


def _check_positions(evidence: Evidence, executor: str) -> None:
    at_broker = evidence.accounts[executor].at_broker
    expected: defaultdict[str, Decimal] = defaultdict(Decimal, evidence.a_persons(executor))
    for execution in evidence.executions_of(executor):
        for fill in execution.fills:
            expected[execution.symbol] += fill.quantity * _sign(execution, fill)
    held = {symbol: position.quantity for symbol, position in at_broker.positions.items()}
    for symbol in sorted(expected.keys() | held.keys()):
        fees = sum((f.fee_in_coin for f in at_broker.fills if f.asset.symbol == symbol), Decimal(0))
        difference = held.get(symbol, Decimal(0)) - (expected[symbol] - fees)
        if abs(difference) > SMALLEST:
            evidence.violated("position", f"{executor} {symbol}", f"{difference} more than the ledger's fills say")
    for execution in evidence.executions_of(executor):
        if execution.fills and not execution.state.is_terminal and execution.symbol not in held:
            evidence.violated("gone", f"{execution.signal_id} {executor}", f"no {execution.symbol} is held")


def _check_reservations(evidence: Evidence, executor: str) -> None:
    state = evidence.ledger.find_account(executor)
    if state is None:
        return
    living = [execution for execution in evidence.executions_of(executor) if not execution.state.is_terminal]
    reserved = sum((execution.reserved_notional for execution in living), Decimal(0))
    if state.reserved_notional != reserved:
        evidence.violated("reservation", executor, f"{state.reserved_notional} reserved, {reserved} bound")
    locks = {symbol: held.signal_id for symbol, held in state.holdings.items()}
    needed = {str(execution.symbol): execution.signal_id for execution in living if execution.order_id}
    if locks != needed:
        evidence.violated("symbol_lock", executor, f"{sorted(set(locks.items()) ^ set(needed.items()))}")


def _check_orders_are_placed(evidence: Evidence, executor: str) -> None:
    """An account with many signals places orders: all else would hold of one that never does (B01)."""
    mine = list(evidence.executions_of(executor))
    if len(mine) >= _MANY and all(execution.order_id is None for execution in mine):
        evidence.violated("no_orders", executor, f"not one order for {len(mine)} signals")


def _check_dead_letters(evidence: Evidence, executor: str) -> None:
    queue = evidence.accounts[executor].queue
    for letter in queue.dead_letters:
        if (signal_id := signal_in(letter.body)) is not None:
            evidence.violated("dead_letter", signal_id, "a signal ended as a dead letter")
        elif letter.reason is None:
            evidence.violated("dead_letter", executor, "a message was received too often, and says no reason")
    if len(queue.dead_letters) < queue.poisoned:
        found = f"{len(queue.dead_letters)} dead letters of {queue.poisoned} messages that are none"
        evidence.violated("poison_lost", executor, found)


def _sign(execution: Execution, fill: Fill) -> int:
    """Return what a fill does to the position: an entry and a correction go the execution's way."""
    towards = fill.leg in {"entry", "correction"}
    return 1 if (execution.side is Side.BUY) == towards else -1
