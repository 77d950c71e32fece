"""How a ledger's writes reach its records: at once, or through something that lets them fail as AWS does."""

from collections.abc import Callable
from copy import copy
from enum import Enum
from typing import Any, Protocol, Self

from argo.ports import Clock, Unavailable
from argo.repeating import NotWritten, repeated


class Kind(Enum):
    """What AWS is asked for: a read, one item's write, or a transaction."""

    READ = "read"
    WRITE = "write"
    TRANSACTION = "transaction"


class Send(Protocol):
    """What a ledger's requests go through: it does one, or lets it fail."""

    async def __call__[T](self, kind: Kind, do: Callable[[], T], /) -> T:
        """Do it and return what it returns.

        Raises:
            NotDone: its condition did not hold.
            Conflict, Unavailable: as AWS answers.
        """


class Stands(Exception):
    """A write's condition did not hold, and the ledger's method answers ``answer``."""

    def __init__(self, answer: object) -> None:
        super().__init__(answer)
        self.answer = answer


class NotDone(NotWritten):
    """A write's condition did not hold; ``refusal`` is what the records said to it."""

    def __init__(self, refusal: Exception, *, repeated: bool) -> None:
        super().__init__(str(refusal), repeated=repeated)
        self.refusal = refusal


class Requests:
    """A ledger whose writes may be sent through something: then they fare as those of the table do."""

    repeated = staticmethod(repeated)
    """What repeats a write that met another one."""

    send: Send | None = None
    clock: Clock

    def through(self, send: Send, clock: Clock) -> Self:
        """Return the same records as one worker has them, whose ``clock`` is waited by between repetitions."""
        other = copy(self)
        other.send, other.clock = send, clock
        return other

    async def _write[T](
        self, do: Callable[[], T], stands: Callable[[], T | None], kind: Kind = Kind.WRITE
    ) -> T | Any:  # noqa: ANN401 - a refusal's answer
        """Do a write; ``stands`` tells, where an answer was lost, what it returned if it is on the record.

        ``do`` raises, and has written nothing, where its condition does not hold.
        """
        send, refusal = self.send, None
        try:
            if send is None:
                return do()
            return await self.repeated(lambda: send(kind, do), self.clock)
        except Stands as other:
            return other.answer
        except NotDone as refused:
            refusal = refused.refusal
            if refused.repeated and (mine := await self.own(stands)) is not None:
                return mine
        except Unavailable as silence:
            if silence.unanswered and (mine := await self.own(stands)) is not None:
                return mine
            raise
        if isinstance(refusal, Stands):
            return refusal.answer
        raise refusal

    async def own[T](self, stands: Callable[[], T | None]) -> T | None:
        """Look whether a write is on the record after all."""
        return await self.send(Kind.READ, stands) if self.send else stands()
