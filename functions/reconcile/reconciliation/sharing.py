"""One account of the broker under two: noticed at the first look, and no new risk until a person decides."""

from collections.abc import Iterable, Iterator
from functools import partial

from argo.domain.client_order_ids import order_name
from argo.domain.execution import Execution
from argo.domain.metrics import Metric
from argo.execution_orders import order_ids
from argo.halts import halt
from argo.repeating import kept
from reconciliation.report import Run
from reconciliation.snapshot import Snapshot

_LOOK_UPS = 5
"""Orders of one run that are looked for in the ledger; one that is not there is enough."""


async def check_sharing(run: Run, seen: Snapshot, still_open: Iterable[Execution]) -> None:
    """Say who else trades the account, and halt it once for each; who resumes it has decided (FAILURES C87).

    Two accounts of one ledger meet at the account's number, which the first of them holds. Another ledger shows by
    its orders: each is named after a signal, and of one's own orders the ledger has a record before they are sent.
    """
    ports, executor, number = run.ports, run.wiring.executor, seen.account.number
    found: dict[str, str] = {}
    told: frozenset[str] = frozenset()
    if number is not None:
        held = await ports.ledger.hold_broker_account(executor, number)
        told = held.told
        if held.executor != executor:
            found[f"{executor} {held.executor}"] = f"account {held.executor} has a key of the same one"
    if stranger := await _strange_order(run, seen, still_open):
        found[f"{executor} another"] = f"{stranger} is of no signal in this ledger: another Argo trades it"
    if found:
        ports.telemetry.record(Metric.BROKER_ACCOUNT_SHARED, len(found))
    for who, words in found.items():
        said = f"broker account ...{(number or '')[-4:]} is shared: {words}"
        ports.telemetry.log.error("broker_account_shared", executor=executor, detail={"why": said})
        run.report.problems[who] = said
        # One that is halted already is halted for this when a person has resumed it from that.
        if number is not None and who not in told and await halt(ports, executor, said):
            await kept(partial(ports.ledger.note_told, number, who), ports.clock)


async def _strange_order(run: Run, seen: Snapshot, still_open: Iterable[Execution]) -> str | None:
    """Return the client id of a live order that is an Argo's, and of no signal that this ledger knows."""
    known = {execution.key for execution in still_open}
    recorded = {order_id for execution in still_open for order_id in _on_record(execution)}
    others = (order for order_id, order in seen.live.items() if order_id not in recorded)
    named = (name for each in others if (name := order_name(each.client_order_id)) is not None)
    unknown = {key: name for name in named if (key := (name.signal_id, name.executor)) not in known}
    for name in list(unknown.values())[:_LOOK_UPS]:
        if await run.ports.ledger.execution(name.signal_id, name.executor) is None:
            return name.client_order_id
    return None


def _on_record(execution: Execution) -> Iterator[str]:
    yield from order_ids(execution.protection)
    yield from (leg.order_id for leg in execution.legs)
    if execution.order_id is not None:
        yield execution.order_id
