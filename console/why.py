"""The whole causal chain of one signal, per account."""

import json
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from argo.domain.conservation import Standstill
from argo.domain.execution import Execution
from argo.domain.history import counted
from argo.domain.ledger import SignalRecord
from argo.domain.placements import Exit, Protection
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, Reason, RejectionReason, Withdrawal
from argo.domain.signal import Signal
from console.tables import facts_grid, money, plain_table


def as_dict(record: SignalRecord) -> dict[str, object]:
    stored = record.stored
    return {
        "signal": stored.signal.model_dump(mode="json") if stored else None,
        "published_to": sorted(stored.published_to) if stored else [],
        "declined": dict(record.declined),
        "executions": [execution.model_dump(mode="json") for execution in record.executions.values()],
    }


def explained(record: SignalRecord) -> list[RenderableType]:
    """Return the signal, what every account did with it, and who has not had it, as parts to print."""
    stored = record.stored
    waiting = sorted(record.undecided - record.executions.keys())
    return [
        _signal_panel(stored.signal) if stored else Text("the ledger lacks the signal itself", "red"),
        *(_execution_panel(execution) for execution in record.executions.values()),
        *(f"{executor}: has not received it yet" for executor in waiting),
        *(f"{name}: not sent to it, {why}: {meaning(why)}" for name, why in sorted(record.declined.items())),
    ]


def _signal_panel(signal: Signal) -> Panel:
    rows = ((vote.source, vote.side, str(vote.confidence), str(vote.weight)) for vote in signal.votes)
    votes = plain_table(None, "source", "side", "confidence", "weight", rows=rows)
    facts = facts_grid(
        {
            "strategy": f"{signal.strategy} {signal.strategy_version}",
            "bar": f"{signal.timeframe} of {signal.bar_time:%F %T} UTC",
            "created": f"{signal.created_at:%F %T} UTC, expires {signal.expires_at:%F %T}",
            "prices": f"entry {signal.entry_price}, stop {signal.stop_price}, target {signal.target_price}",
            "market": f"{signal.regime}, volatility {signal.volatility}",
        }
    )
    title = f"{signal.symbol} {signal.side}, confidence {signal.confidence}, {signal.signal_id}"
    return Panel(Group(facts, votes), title=title, title_align="left")


def _execution_panel(execution: Execution) -> Panel:
    parts: list[RenderableType] = [facts_grid(_outcome(execution))]
    if execution.order_body:
        parts.append(facts_grid({"order as sent": json.dumps(execution.order_body)}))
    if execution.fills:
        fills = (
            (f"{fill.at:%F %T}", fill.leg, str(fill.quantity), str(fill.price), fill.order_id)
            for fill in execution.fills
        )
        headings = ("time (UTC)", "leg", "quantity", "price", "order id")
        parts.append(plain_table("Fills", *headings, rows=fills))
    history = plain_table("Transitions", "time (UTC)", "worker", "state", "what was learnt")
    for step in counted(execution.history):
        told = ", ".join(f"{name} {value}" for name, value in step.detail.items() if value)
        often = f" ({times(step.count, step.until)})" if step.count > 1 else ""
        history.add_row(f"{step.at:%F %T.%f}"[:-3], str(step.epoch), step.state, f"{told}{often}".strip())
    parts.append(history)
    return Panel(Group(*parts), title=f"{execution.executor}: {execution.state}", title_align="left")


def _outcome(execution: Execution) -> dict[str, str]:
    left, guard, profit = execution.exit, execution.protection, execution.realised_profit
    said = {
        "mode": execution.mode,
        "client order id": execution.client_order_id,
        "order id": execution.order_id,
        "legs": ", ".join(f"{leg.role} {leg.order_id}" for leg in execution.legs),
        "left": left and f"{left.why}; exit order {left.order_id or 'not placed yet'}{_refused(left)}",
        "protection": guard and f"{guard.cover}, guard order {guard.order_id or '-'}{_refused(guard)}",
        "reason": execution.reason and f"{execution.reason}: {meaning(execution.reason)}",
        "last obstacle": execution.obstacle and f"{execution.obstacle}: {meaning(execution.obstacle)}",
        "attempts": str(execution.attempts) if execution.attempts else None,
        "realised profit": None if profit is None else f"{money(profit, signed=True)} USD",
    }
    return {name: value for name, value in said.items() if value}


def _refused(placed: Exit | Protection) -> str:
    """Return how often a placement was refused, and the broker's words."""
    refused = ""
    if placed.refusals and placed.refused_at:
        refused = f", refused {times(placed.refusals, placed.refused_at)}"
    return refused + (f", {placed.reason}" if placed.reason else "")


def times(count: int, last: datetime) -> str:
    return f"{count} times, last {last:%F %T}" if count > 1 else f"once, {last:%F %T}"


def meaning(code: str) -> str:
    """Return the meaning of a reason's code; an unknown one has none."""
    kinds: tuple[type[Reason], ...] = (
        *(DenialReason, RejectionReason, Obstacle),
        *(QuarantineReason, Withdrawal, Standstill),
    )
    return next((reason.meaning for kind in kinds for reason in kind if reason == code), "?")
