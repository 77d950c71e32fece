"""`argo why`: the whole causal chain of one signal, per account."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from argo import records
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, Reason, RejectionReason
from argo.domain.signal import Signal
from console.deployment import open_deployment
from console.failing import REFUSED, fail, failing
from console.options import StackOption, StateOption
from console.tables import facts_grid, money, output, plain_table
from worlds.paths import LAST_RUN


@failing()
def why(
    signal_id: Annotated[str, typer.Argument(help="The signal's id: 24 hexadecimal digits.")],
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False,
) -> None:
    """Explain what became of one signal: votes, gate, size, order as sent, answers, transitions.

    Exit code 1 when the ledger knows no such signal.
    """
    with open_deployment(state, stack) as deployment:
        record = asyncio.run(records.one(deployment.ledger, signal_id))
    if record is None:
        hint = "argo signals lists the ids, of 24 hexadecimal digits"
        fail(f"the ledger has no signal {signal_id}: {hint}", REFUSED, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(_as_dict(record), indent=2))
        return
    screen = output()
    for part in explained(record):
        screen.print(part, highlight=False, soft_wrap=isinstance(part, str))


def _as_dict(record: SignalRecord) -> dict[str, object]:
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
    waiting = sorted(record.addressed - record.executions.keys())
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
    for step in execution.history:
        told = ", ".join(f"{name} {value}" for name, value in step.detail.items() if value)
        history.add_row(f"{step.at:%F %T.%f}"[:-3], str(step.epoch), step.state, told)
    parts.append(history)
    return Panel(Group(*parts), title=f"{execution.executor}: {execution.state}", title_align="left")


def _outcome(execution: Execution) -> dict[str, str]:
    said = {"mode": execution.mode, "client order id": execution.client_order_id}
    if execution.order_id:
        said["order id"] = execution.order_id
    if execution.legs:
        said["legs"] = ", ".join(f"{leg.role} {leg.order_id}" for leg in execution.legs)
    if execution.exit:
        said["left"] = f"{execution.exit.why}; exit order {execution.exit.order_id or 'not placed yet'}"
    if execution.protection:
        guard, why = execution.protection, execution.protection.reason
        said["protection"] = f"{guard.cover}, guard order {guard.order_id or '-'}" + (f", {why}" if why else "")
    if execution.reason:
        said["reason"] = f"{execution.reason}: {meaning(execution.reason)}"
    if execution.obstacle:
        said["last obstacle"] = f"{execution.obstacle}: {meaning(execution.obstacle)}"
    if execution.attempts:
        said["attempts"] = str(execution.attempts)
    if execution.realised_profit is not None:
        said["realised profit"] = f"{money(execution.realised_profit, signed=True)} USD"
    return said


def meaning(code: str) -> str:
    """Return the meaning of a reason's code; an unknown one has none."""
    kinds: tuple[type[Reason], ...] = (DenialReason, RejectionReason, Obstacle, QuarantineReason)
    return next((reason.meaning for kind in kinds for reason in kind if reason == code), "?")
