"""`argo why`: the whole causal chain of one signal, per account."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, Reason, RejectionReason
from argo.domain.signal import Signal
from argo.domain.tables import ConfigurationError
from argo.ports import Ledger
from console.deployment import StackOption, StateOption, open_deployment
from console.tables import facts_grid, output, plain_table
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN

_NOT_FOUND = 1
_WRONG_INPUT = 2


def why(
    signal_id: Annotated[str, typer.Argument(help="The signal's id: 24 hexadecimal digits.")],
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False,
) -> None:
    """Explain what became of one signal: votes, gate, size, order as sent, answers, transitions.

    Exit code 1 when the ledger knows no such signal.
    """
    messages = Console(stderr=True)
    try:
        with open_deployment(state, stack) as deployment:
            stored, executions = asyncio.run(_read(deployment.ledger, signal_id))
    except (ConfigurationError, EmbeddedAwsError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    if stored is None and not executions:
        hint = "argo signals lists the ids, of 24 hexadecimal digits"
        messages.print(
            f"the ledger has no signal {signal_id}: {hint}", style="red", highlight=False, soft_wrap=True
        )
        raise typer.Exit(_NOT_FOUND)
    if as_json:
        shown = {
            "signal": stored.signal.model_dump(mode="json") if stored else None,
            "published_to": sorted(stored.published_to) if stored else [],
            "declined": dict(stored.declined) if stored else {},
            "executions": [execution.model_dump(mode="json") for execution in executions],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    screen = output()
    screen.print(_signal_panel(stored.signal) if stored else Text("the ledger lacks the signal itself", "red"))
    for execution in executions:
        screen.print(_execution_panel(execution))
    for executor in sorted(stored.published_to | stored.awaiting if stored else frozenset()):
        if executor not in {execution.executor for execution in executions}:
            screen.print(f"{executor}: has not received it yet", highlight=False)
    for executor, reason in sorted(stored.declined.items() if stored else ()):
        screen.print(f"{executor}: not sent to it, {reason}: {meaning(reason)}", highlight=False, soft_wrap=True)


async def _read(ledger: Ledger, signal_id: str) -> tuple[StoredSignal | None, Sequence[Execution]]:
    return await ledger.signal(signal_id), await ledger.executions(signal_id)


def _signal_panel(signal: Signal) -> Panel:
    votes = plain_table(None, "source", "side", "confidence", "weight")
    for vote in signal.votes:
        votes.add_row(vote.source, vote.side, str(vote.confidence), str(vote.weight))
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
        fills = plain_table("Fills", "time (UTC)", "leg", "quantity", "price", "order id")
        for fill in execution.fills:
            fills.add_row(f"{fill.at:%F %T}", fill.leg, str(fill.quantity), str(fill.price), fill.order_id)
        parts.append(fills)
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
        said["realised profit"] = f"{execution.realised_profit:+,.2f} USD"
    return said


def meaning(code: str) -> str:
    """Return the meaning of a reason's code; an unknown one has none."""
    kinds: tuple[type[Reason], ...] = (DenialReason, RejectionReason, Obstacle, QuarantineReason)
    for kind in kinds:
        for reason in kind:
            if reason == code:
                return reason.meaning
    return "?"
