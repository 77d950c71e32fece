"""Name the length of a bar as Alpaca does: `1Min`, `15Min`, `1Hour`, `1Day`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from simulation.market.sessions import exchange_date, session_of

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NAMED = re.compile(r"(?P<amount>[1-9]\d?)(?P<unit>Min|T|Hour|H|Day|D)")
_UNITS = {"Min": _MINUTE, "T": _MINUTE, "Hour": _HOUR, "H": _HOUR, "Day": _DAY, "D": _DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """The length of a bar: whole minutes, whole hours, or one exchange day."""

    span: timedelta

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name such as `5Min`, `1Hour`, `1D`.

        Raises:
            ValueError: the name is not a timeframe, or asks for several days.
        """
        match = _NAMED.fullmatch(name)
        if match is None:
            raise ValueError(f"invalid timeframe: {name}")
        return cls.of(int(match["amount"]) * _UNITS[match["unit"]])

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """Make a timeframe of a length.

        Raises:
            ValueError: not whole minutes, or neither below a day nor one day.
        """
        if span < _MINUTE or span % _MINUTE or span > _DAY:
            raise ValueError(f"invalid timeframe: {span}")
        return cls(span)

    @property
    def name(self) -> str:
        for unit, word in ((_DAY, "Day"), (_HOUR, "Hour")):
            if self.span % unit == timedelta(0):
                return f"{self.span // unit}{word}"
        return f"{self.span // _MINUTE}Min"

    @property
    def is_daily(self) -> bool:
        """Say whether a bar is a session rather than a stretch of the clock."""
        return self.span == _DAY

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        """Return start and end (UTC) of the bar that an aware instant falls into."""
        if self.is_daily:
            session = session_of(exchange_date(at))
            return session.opens, session.closes
        start = at - (at - _EPOCH) % self.span
        return start, start + self.span


DAILY = Timeframe(_DAY)
MINUTE = Timeframe(_MINUTE)
