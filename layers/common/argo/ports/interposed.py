"""Ports behind which the real ones stand: every call goes through one function first.

That function may count a call, refuse it, let it happen twice or end the process; what it does with one call it
does with the calls of every port.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Protocol

from argo.ports import Broker, Ledger, MarketData, SignalQueue


class Through(Protocol):
    """What the calls go through."""

    def __call__[**P, T](
        self, name: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Answer for the port's method of this name."""


class _Interposed[Port]:
    def __init__(self, port: Port, through: Through) -> None:
        self.port = port
        self.through = through


def _interpose[Port, **P, T](
    declared: Callable[Concatenate[Port, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_Interposed[Port], P], Coroutine[Any, Any, T]]:
    """Return the method that a protocol declares, as one that asks its port's method through the function."""
    name = declared.__name__

    async def method(self: _Interposed[Port], /, *args: P.args, **kwargs: P.kwargs) -> T:
        asked: Callable[P, Awaitable[T]] = getattr(self.port, name)
        return await self.through(name, asked, *args, **kwargs)

    return method


class InterposedMarketData(_Interposed[MarketData], MarketData):
    """Market data with something before it."""

    bars = _interpose(MarketData.bars)
    latest_prices = _interpose(MarketData.latest_prices)


class InterposedBroker(_Interposed[Broker], Broker):
    """A broker with something before it."""

    account = _interpose(Broker.account)
    clock = _interpose(Broker.clock)
    positions = _interpose(Broker.positions)
    open_orders = _interpose(Broker.open_orders)
    closed_orders = _interpose(Broker.closed_orders)
    replace = _interpose(Broker.replace)
    asset = _interpose(Broker.asset)
    submit = _interpose(Broker.submit)
    order = _interpose(Broker.order)
    order_by_client_id = _interpose(Broker.order_by_client_id)
    cancel = _interpose(Broker.cancel)


class InterposedLedger(_Interposed[Ledger], Ledger):
    """A ledger with something before it."""

    put_signal = _interpose(Ledger.put_signal)
    signal = _interpose(Ledger.signal)
    mark_published = _interpose(Ledger.mark_published)
    withdraw = _interpose(Ledger.withdraw)
    unpublished = _interpose(Ledger.unpublished)
    unjudged = _interpose(Ledger.unjudged)
    record_outcome = _interpose(Ledger.record_outcome)
    record_shift = _interpose(Ledger.record_shift)
    latest_shift = _interpose(Ledger.latest_shift)
    claim = _interpose(Ledger.claim)
    intend = _interpose(Ledger.intend)
    settle = _interpose(Ledger.settle)
    pause = _interpose(Ledger.pause)
    record_exit = _interpose(Ledger.record_exit)
    record_protection = _interpose(Ledger.record_protection)
    execution = _interpose(Ledger.execution)
    executions = _interpose(Ledger.executions)
    open_executions = _interpose(Ledger.open_executions)
    accounted_until = _interpose(Ledger.accounted_until)
    account_until = _interpose(Ledger.account_until)
    account = _interpose(Ledger.account)
    set_trading_state = _interpose(Ledger.set_trading_state)
    observe = _interpose(Ledger.observe)
    measure_anew = _interpose(Ledger.measure_anew)
    hold_broker_account = _interpose(Ledger.hold_broker_account)
    note_told = _interpose(Ledger.note_told)
    signals_of = _interpose(Ledger.signals_of)
    executions_of = _interpose(Ledger.executions_of)


class InterposedQueue(_Interposed[SignalQueue], SignalQueue):
    """A queue with something before it."""

    send = _interpose(SignalQueue.send)
    defer = _interpose(SignalQueue.defer)
    quarantine = _interpose(SignalQueue.quarantine)
