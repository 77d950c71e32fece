"""Effects as a worker has them: they take time, fail, and the worker may end before or after each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Literal, NamedTuple

from argo.domain.execution import Execution
from argo.domain.faults import Ambiguous, BrokerFault, Refused, Throttled, Unauthorised
from argo.domain.ledger import Claimed, Held, Settled
from argo.domain.orders import BrokerOrder
from argo.domain.reasons import RejectionReason
from argo.domain.signal import Signal
from argo.ports import QueueFault, Unavailable
from argo.ports.interposed import Through
from simulation.ports.ledger import InMemoryLedger
from trials.aws_faults import AwsFaults, answered
from trials.faults import Fault, FaultDraws
from trials.records import Trace
from trials.virtual_time import VirtualLoop
from trials.workers import Worker

type _Effect[T] = Callable[[], Awaitable[T]]

_LONGEST = 20.0
_LATEST_LANDING = 8.0
"""Seconds after which a request that timed out can still arrive: the policy waits for ten."""

_READS = frozenset(
    {
        *("account", "clock", "positions", "open_orders", "closed_orders", "asset", "order", "order_by_client_id"),
        *("signal", "unpublished", "unjudged", "execution", "executions", "open_executions", "signals_of"),
        *("accounted_until", "latest_shift", "executions_of", "latest_prices", "bars"),
    }
)
type Port = Literal["ledger", "broker", "queue", "market"]


class Call(NamedTuple):
    """One call of a port by a worker, which ``began`` at a virtual second in a ``task`` of its."""

    worker: Worker
    port: Port
    name: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    began: float
    task: asyncio.Task[object] | None = None


class Effects:
    """Makes ports fallible for worker after worker; ``on_effect`` sees every effect just before it happens.

    ``on_fault`` sees every call of which AWS lets a request fail, ``on_refusal`` every order that the broker
    refuses.

    Of ``ledger`` it is the requests that fail, beneath what repeats them.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        draws: FaultDraws,
        trace: Trace,
        ledger: InMemoryLedger,
        *,
        on_effect: Callable[[Call], None],
        on_fault: Callable[[Call], None],
        on_refusal: Callable[[Call], None],
    ) -> None:
        """Draw latencies from the seed."""
        self._on_fault, self._on_refusal = on_fault, on_refusal
        self._loop = loop
        self._ledger = ledger
        self._draws = draws
        self._trace = trace
        self._on_effect = on_effect
        self._latency = draws.chance("latency")
        self._contended_until = 0.0

    def contend(self, seconds: float) -> None:
        """Let nearly every write of the ledger meet another one, for so long."""
        self._contended_until = self._loop.time() + seconds

    def of(self, worker: Worker, port: Port) -> Through:
        """Return what a worker's calls of a port go through."""

        def through[**P, T](
            name: str, effect: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
        ) -> Awaitable[T]:
            call = Call(worker, port, name, args, kwargs, self._loop.time(), asyncio.current_task())
            return self._happen(call, partial(effect, *args, **kwargs))

        return through

    async def _happen[T](self, call: Call, effect: _Effect[T]) -> T:
        if call.worker.ended:
            raise asyncio.CancelledError
        await self._take_time(call.worker)
        if call.worker.ended:
            raise asyncio.CancelledError
        if self._draws.strikes(Fault.KILLED_BEFORE):
            await self._kill(call, "killed before")
        try:
            answer = await self._answered(call, effect)
        except (Unavailable, QueueFault, BrokerFault) as fault:
            self._note(call, f"{type(fault).__name__}: {fault}")
            if isinstance(fault, Refused) and call.name == "submit":
                self._on_refusal(call)
            raise
        except Exception as refusal:
            self._note(call, type(refusal).__name__)
            raise
        self._note(call, _told(answer))
        if self._draws.strikes(Fault.KILLED_AFTER):
            await self._kill(call, "killed after")
        return answer

    def _answered[T](self, call: Call, effect: _Effect[T]) -> Awaitable[T]:
        match call.port:
            case "ledger":
                return self._from_ledger(call, effect)
            case "queue":
                return self._from_queue(call, effect)
            case "broker" | "market":
                return self._from_broker(call, effect)

    async def _from_ledger[T](self, call: Call, effect: _Effect[T]) -> T:
        faults = AwsFaults(
            self._loop,
            self._draws,
            see=partial(self._on_effect, call),
            see_fault=partial(self._on_fault, call),
            ended=lambda: call.worker.ended,
            contended=lambda: self._loop.time() < self._contended_until,
        )
        if call.name in _READS:
            faults.may_throttle()
            return await self._done(call, effect)
        ledger = self._ledger.through(faults, call.worker.clock)
        answer: T = await getattr(ledger, call.name)(*call.args, **call.kwargs)
        return answer

    async def _from_queue[T](self, call: Call, effect: _Effect[T]) -> T:
        if call.name != "send" and self._draws.strikes(Fault.QUEUE_THROTTLED):
            self._on_fault(call)
            raise answered("RequestThrottled")
        return await self._done(call, effect)

    async def _from_broker[T](self, call: Call, effect: _Effect[T]) -> T:
        draws = self._draws
        if draws.strikes(Fault.BROKER_THROTTLED):
            reset = timedelta(seconds=draws.of(Fault.BROKER_THROTTLED, 1, 30))
            raise Throttled("too many requests", until=call.worker.clock.now() + reset, status=429)
        if draws.strikes(Fault.CREDENTIALS_REFUSED):
            call.worker.refused = True
            raise Unauthorised("unauthorized.", status=401)
        if call.name in _READS:
            if draws.strikes(Fault.BROKER_UNREACHABLE):
                raise Ambiguous("bad gateway", status=502)
            return await self._done(call, effect)
        if call.name == "submit" and draws.strikes(Fault.ORDER_REFUSED):
            raise Refused("insufficient buying power", reason=RejectionReason.BUYING_POWER, status=403)
        if draws.strikes(Fault.ORDER_LOST):
            raise Ambiguous("timed out: it did not arrive")
        if draws.strikes(Fault.ORDER_LATE):
            self._loop.create_task(self._arrive_late(call, effect))
            raise Ambiguous("timed out: it arrives later")
        answer = await self._done(call, effect)
        if draws.strikes(Fault.ORDER_UNANSWERED):
            raise Ambiguous("timed out: it was done")
        if call.name == "submit" and draws.strikes(Fault.ORDER_REPEATED):
            return await self._done(call, effect)
        return answer

    async def _arrive_late(self, call: Call, effect: _Effect[object]) -> None:
        """Let a request arrive when nobody waits for its answer any more, whatever has become of its sender."""
        await asyncio.sleep(self._draws.of(Fault.ORDER_LATE, 0, _LATEST_LANDING))
        try:
            await self._done(call, effect)
        except BrokerFault as refusal:
            self._note(call, f"arrives late: {refusal}")
        else:
            self._note(call, "arrives late")

    def _done[T](self, call: Call, effect: _Effect[T]) -> Awaitable[T]:
        self._on_effect(call)
        return effect()

    def _take_time(self, worker: Worker) -> asyncio.Future[None]:
        slow = self._draws.strikes(Fault.SLOW)
        if slow:
            worker.slowed_at = self._loop.time()
        return self._loop.sleep(
            self._draws.of(Fault.SLOW, 1, _LONGEST) if slow else 0.001 + 0.05 * self._latency.random()
        )

    async def _kill(self, call: Call, how: str) -> None:
        self._note(call, how)
        call.worker.end()
        await self._loop.create_future()

    def _note(self, call: Call, how: str) -> None:
        self._trace.add(self._loop.time(), call.worker.name, f"{call.port}.{call.name}", _about(call.args), how)


def _about(args: tuple[object, ...]) -> str:
    """Name the record that an effect is about, by what it was called with."""
    match args[0] if args else None:
        case str() as first:
            return first
        case Execution() as execution:
            return f"{execution.signal_id} {execution.executor} {execution.state}"
        case Signal() as signal:
            return f"{signal.signal_id} {signal.side} {signal.symbol}"
        case list() as signals:
            return " ".join(each.signal_id for each in signals if isinstance(each, Signal))
        case Mapping() as body:
            return str(body.get("client_order_id", ""))
        case _:
            return ""


def _told(answer: object) -> str:
    """Tell an effect's answer, as far as it says where a record or an order stands."""
    match answer:
        case Execution() as execution:
            return f"{execution.state}"
        case BrokerOrder() as order:
            ids = " ".join(each.order_id for each in order.with_legs)
            return f"{order.client_order_id} {order.status} {order.filled_quantity} of {order.quantity}: {ids}"
        case Claimed(execution=execution, taken_over=taken_over):
            return f"{'taken over' if taken_over else 'claimed'} at epoch {execution.epoch}"
        case Held(until=until):
            return f"held until {until:%H:%M:%S}"
        case Settled(execution=execution):
            return f"settled: {execution.state}"
        case _:
            return ""
