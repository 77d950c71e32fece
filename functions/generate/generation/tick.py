"""The scheduler's payload: when, for how long, and for which part of the watchlist."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from argo.domain.symbols import Symbol
from generation.cycle import run_cycles
from generation.wiring import Wiring

_RESERVE = timedelta(seconds=12)
"""Time kept for the last cycle: a market-data call at its timeout and the writes after it."""


class Shard(BaseModel):
    """One of ``count`` equal parts of the watchlist, counted from 0."""

    model_config = ConfigDict(frozen=True)

    index: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _index_within_count(self) -> Self:
        if self.index >= self.count:
            raise ValueError(f"index {self.index} is not below count {self.count}")
        return self

    def of(self, watchlist: Sequence[Symbol]) -> Sequence[Symbol]:
        """Return this shard's symbols."""
        return watchlist[self.index :: self.count]


class Tick(BaseModel):
    """One invocation; ``budget_seconds`` bounds the cycles, 0 is a single one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    shard: Shard = Shard()
    budget_seconds: Annotated[float, Field(ge=0, le=840)] = 55

    @property
    def budget(self) -> timedelta:
        """How long new cycles may begin."""
        return timedelta(seconds=self.budget_seconds)


def read_tick(event: Mapping[str, Any]) -> Tick:
    """Read the payload.

    Raises:
        ValidationError: a field is wrong; names it and its value.
    """
    return Tick.model_validate(event)


async def generate(event: dict[str, Any], wiring: Wiring, *, time_left: timedelta) -> dict[str, object]:
    """Run the cycles of one tick and report them."""
    tick = read_tick(event)
    until = wiring.ports.clock.now() + min(tick.budget, max(time_left - _RESERVE, timedelta()))
    report = await run_cycles(wiring, tick.shard.of(wiring.configuration.watchlist), until=until)
    return report.as_dict()
