"""What the API reads: accounts, pages of signals, one signal. Nothing here writes (FAILURES A09)."""

import asyncio
from datetime import datetime
from typing import Any

from argo import records
from argo.domain.account_status import status_of
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from trading_api.answers import AccountReport, ExecutionReport, SignalDetail, SignalPage, SignalReport, Status
from trading_api.requests import refused
from trading_api.wiring import Wiring

_PAGES_AT_MOST = 5
"""Pages read for one answer: a rare state does not make one request read a whole day."""


async def read_status(wiring: Wiring) -> Status:
    """Return every account's status.

    Raises:
        ReservationConflict: an account kept changing while it was read.
    """
    now = wiring.ports.clock.now()
    accounts = await asyncio.gather(*(_account(wiring, executor, now) for executor in wiring.ports.queues))
    return Status(mode=wiring.mode, at=now, accounts=accounts)


async def _account(wiring: Wiring, executor: str, now: datetime) -> AccountReport:
    ledger = wiring.ports.ledger
    open_executions = await ledger.open_executions(executor)
    state, found = await asyncio.gather(
        ledger.account(executor), records.check_conservation(ledger, executor, now=now, still_open=open_executions)
    )
    status = status_of(state, open_executions, found.total, wiring.configuration.accounts.get(executor))
    return AccountReport.model_validate(
        {
            **status.as_dict(),
            "window_seconds": int(records.WINDOW.total_seconds()),
            "signals": found.total.signals,
            "orders": found.total.with_order,
            "plain_share": found.total.plain_share,
            "unresolved": len(found.unresolved),
            "oldest_unresolved_seconds": found.oldest_unresolved_seconds,
            "gap": found.total.gap,
        }
    )


async def read_page(
    wiring: Wiring, *, day: str | None, limit: int, state: ExecutionState | None, token: str | None
) -> SignalPage:
    """Return up to ``limit`` signals of a UTC day, newest first; with a state, those an account has in it.

    Raises:
        RequestValidationError: the token is not one of this list's.
    """
    day = day or wiring.ports.clock.now().date().isoformat()
    found: list[SignalRecord] = []
    unreadable: list[str] = []
    for _ in range(_PAGES_AT_MOST):
        try:
            page = await records.page(wiring.ports.ledger, day, limit=limit - len(found), token=token or None)
        except ValueError as error:
            raise refused(("query", "token"), f"not a page token of {day}: {token!r}", "invalid_token") from error
        unreadable += [each.name for each in page.unreadable]
        found += [
            each
            for each in page.items
            if state is None or any(one.state is state for one in each.executions.values())
        ]
        token = page.next_token
        if token is None or len(found) == limit:
            break
    reports = [
        SignalReport(**_known(each.stored), executions=[_execution(one) for one in each.executions.values()])
        for each in found
        if each.stored is not None
    ]
    return SignalPage(day=day, signals=reports, next_token=token, unreadable=unreadable)


async def read_signal(wiring: Wiring, signal_id: str) -> SignalDetail | None:
    """Return a signal with its executions, None when the ledger has no such signal."""
    found = await records.one(wiring.ports.ledger, signal_id)
    if found is None or found.stored is None:
        return None
    return SignalDetail(**_known(found.stored), executions=list(found.executions.values()))


def _known(stored: StoredSignal) -> dict[str, Any]:
    return {
        "signal": stored.signal,
        "mode": stored.mode,
        "published_to": sorted(stored.published_to),
        "awaiting": sorted(stored.awaiting),
        "declined": stored.declined,
    }


def _execution(execution: Execution) -> ExecutionReport:
    profit = execution.realised_profit
    return ExecutionReport(
        executor_id=execution.executor,
        state=execution.state,
        order_id=execution.order_id,
        reason=execution.reason,
        obstacle=execution.obstacle,
        realised_profit=None if profit is None else str(profit),
    )
