"""Script what goes wrong between a client and the broker."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator


class Fault(BaseModel):
    """One thing that goes wrong with one request; a delay combines with either of the others.

    Attributes:
        method: the HTTP method it waits for, `*` for any.
        path: the path it waits for, with `*` as wildcard, e.g. `/v2/orders*`.
        nth: on which of the requests it sees it strikes, from 1.
        times: how many requests in a row it strikes.
        after: strike when the broker has processed the request (the order exists) rather than before.
        delay_seconds: wait this long.
        status, body, headers: answer this instead; a body that is a string is sent as it is.
        drop: break the connection instead of answering.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "*"
    path: str = "*"
    nth: int = Field(default=1, ge=1)
    times: int = Field(default=1, ge=1)
    after: bool = False
    delay_seconds: float = Field(default=0, ge=0)
    status: int | None = Field(default=None, ge=200, le=599)
    body: JsonValue = None
    headers: dict[str, str] = Field(default_factory=dict)
    drop: bool = False

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.drop and self.status is not None:
            raise ValueError("a fault drops the connection or answers, not both")
        if not (self.drop or self.status is not None or self.delay_seconds):
            raise ValueError("a fault delays, answers or drops")
        return self

    def matches(self, method: str, path: str) -> bool:
        return self.method in {"*", method} and fnmatchcase(path, self.path)


@dataclass(slots=True, eq=False)
class _Armed:
    fault: Fault
    seen: int = 0


class Faults:
    """Faults in the order they are tried: a request that one strikes is not seen by those after it.

    So two faults for the same request strike the first and the second of them.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._armed: list[_Armed] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        self._armed += map(_Armed, faults)

    def clear(self) -> None:
        self._armed.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        return tuple(armed.fault for armed in self._armed)

    def strike(self, method: str, path: str) -> Fault | None:
        """Show a request to the faults and return the one that strikes it."""
        for armed in (each for each in self._armed if each.fault.matches(method, path)):
            armed.seen += 1
            if armed.seen >= armed.fault.nth:
                if armed.seen >= armed.fault.nth + armed.fault.times - 1:
                    self._armed.remove(armed)
                return armed.fault
        return None
