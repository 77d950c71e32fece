"""AWS on a bad day: conflicts, throttles, answers that are lost, as the ledger's requests meet them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from argo.adapters.aws.answers import raised
from argo.domain.ledger import LostLease, ReservationConflict, SymbolLocked
from simulation.ports.ledger.requests import Kind, NotDone, Stands
from trials.faults import Fault, FaultDraws
from trials.virtual_time import VirtualLoop

_REFUSALS = (LostLease, ReservationConflict, SymbolLocked, Stands)
_SDK_WAITS = 1.0
"""Seconds, at most, before botocore sends again what got no answer."""

_CONTENDED = 0.95
"""How often a write meets another one while an account is contended."""

_CANCELLED = "TransactionCanceledException"


@dataclass(slots=True)
class AwsFaults:
    """How one call's requests fare; `simulation.ports.ledger.requests.Send`.

    ``see`` is told of every request just before it is done, ``see_fault`` of every one that fails, ``ended`` says
    that its worker is no more, ``contended`` that nearly every write meets another one.
    """

    loop: VirtualLoop
    draws: FaultDraws
    see: Callable[[], None]
    see_fault: Callable[[], None]
    ended: Callable[[], bool]
    contended: Callable[[], bool] = bool
    _unheard: bool = False

    async def __call__[T](self, kind: Kind, do: Callable[[], T], /) -> T:
        """Do a request, or let it fail; one that landed unheard is sent again by the SDK, or never answered."""
        if self.ended():
            raise asyncio.CancelledError
        self.may_throttle()
        if kind is Kind.READ:
            return do()
        self._may_refuse(kind)
        answer = self._done(do)
        if self._strikes(Fault.LEDGER_UNANSWERED):
            raise answered("InternalServerError", status=500)
        if kind is Kind.WRITE and self._strikes(Fault.LEDGER_REPEATED):
            # A transaction carries a token instead, and gets its answer.
            self._unheard = True
            await self.loop.sleep(self.draws.of(Fault.LEDGER_REPEATED, 0, _SDK_WAITS))
            if self.ended():
                raise asyncio.CancelledError
            self._may_refuse(kind)
            return self._done(do)
        return answer

    def may_throttle(self) -> None:
        """Refuse a request now and then.

        Raises:
            Unavailable: it is refused.
        """
        if self._strikes(Fault.LEDGER_THROTTLED):
            raise answered("ThrottlingException", unheard=self._unheard)

    def _may_refuse(self, kind: Kind) -> None:
        transaction = kind is Kind.TRANSACTION
        if transaction and self._strikes(Fault.LEDGER_CANCELLED):
            raise answered(_CANCELLED, None, "ThrottlingError", None)
        if self._strikes(Fault.LEDGER_CONFLICT) or self._is_contended():
            code = _CANCELLED if transaction else "TransactionConflictException"
            raise answered(code, None, "TransactionConflict", unheard=self._unheard)

    def _is_contended(self) -> bool:
        met = self.contended() and self.draws.of(Fault.HALT_CONTENDED, 0, 1) < _CONTENDED
        if met:
            self.see_fault()
        return met

    def _strikes(self, fault: Fault) -> bool:
        if not self.draws.strikes(fault):
            return False
        self.see_fault()
        return True

    def _done[T](self, do: Callable[[], T]) -> T:
        self.see()
        try:
            return do()
        except _REFUSALS as refusal:
            raise NotDone(refusal, repeated=self._unheard) from refusal


def answered(code: str, *reasons: str | None, status: int = 400, unheard: bool = False) -> Exception:
    """Return what an adapter raises for an answer of AWS's, by the table that sorts them.

    Raises:
        ValueError: it is none that passes by itself.
    """
    cancelled = [{"Code": reason or "None"} for reason in reasons]
    found = raised(
        code,
        " ".join([code, *(reason or "-" for reason in reasons)]),
        reasons=cancelled,
        status=status,
        repeated=unheard,
    )
    if found is None:
        raise ValueError(f"{code} does not pass by itself")
    return found
