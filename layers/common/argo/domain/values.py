"""What every model shares: its base, and types of confidence, fractions, prices and aware UTC times."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from reprlib import Repr
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


class Frozen(BaseModel):
    """A model that never changes."""

    model_config = ConfigDict(frozen=True)


class Part(Frozen):
    """A model that mostly stands within another: a validator of its own is built when one is made alone."""

    model_config = ConfigDict(defer_build=True)


def _not_a_fraction(value: Decimal, *, above: int) -> Decimal:
    if 0 < value <= above:
        raise ValueError(f"{value} looks like a fraction; give percent, 0-100 (75, not 0.75)")
    return value


def _as_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the calendar in UTC") from error


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def is_number(text: str) -> bool:
    """Say whether a text is one plain decimal number: Python also takes other scripts' digits, and ``1_000``."""
    return _NUMBER.fullmatch(text) is not None


def _one_number(value: object) -> object:
    """Refuse what only Python takes for a number (FAILURES C83), and a JSON list.

    Pydantic would read ``[0, [8, 0], 0]`` as Decimal's tuple form, 80.
    """
    if isinstance(value, list | tuple) or (isinstance(value, str) and not is_number(value)):
        raise ValueError("not a number")
    return value


_as_number = PlainSerializer(float, return_type=float, when_used="json")

Number = Annotated[Decimal, BeforeValidator(_one_number)]
"""An exact decimal number; a text is plain ASCII."""

Percent = Annotated[Number, Field(ge=0, le=100, decimal_places=4), _as_number]
"""Percent, 0-100, to four places."""

Confidence = Annotated[Percent, AfterValidator(partial(_not_a_fraction, above=1))]
"""Confidence in percent, 0-100; a fraction such as 0.75 is refused (FAILURES A04)."""

Fraction = Annotated[Number, Field(ge=0, le=1, decimal_places=8), _as_number]
"""A share of one, to eight places: 0.02 is two percent."""

Price = Annotated[Number, Field(gt=0, max_digits=18, decimal_places=9)]
"""USD per share or coin; a decimal string in JSON."""

Quantity = Annotated[Number, Field(gt=0, max_digits=27, decimal_places=9)]
"""Shares or coins; a decimal string in JSON."""

UtcTime = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""An aware time, converted to UTC; a naive one is refused."""


Lifetime = Annotated[int, Field(ge=10, le=86_400)]
"""Seconds that a signal lives; its message's deliveries outlast the longest life, and so does its queue."""

_SHORT = Repr(maxlevel=5, maxdict=10, maxlist=10, maxtuple=10, maxstring=200, maxlong=200, maxother=200)


def shown(value: object) -> str:
    """Return a value as an error shows it, cut where it is long: an error is kept, and read by a person."""
    if isinstance(value, Decimal):
        return str(value) if len(str(value)) <= _SHORT.maxother else f"{value:.3e}"
    try:
        return _SHORT.repr(value)
    except ValueError:
        return f"<{type(value).__name__}>"  # An integer of more digits than Python writes.


def iso(time: datetime) -> str:
    """Format an aware time as ISO 8601 in UTC with a ``Z``; microseconds only where there are any.

    Raises:
        ValueError: the time is naive.
    """
    if time.tzinfo is None:
        raise ValueError(f"naive time: {time.isoformat()}")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def sortable(time: datetime) -> str:
    """Format an aware time in UTC at fixed width, so that text order is time order (for sort keys).

    Raises:
        ValueError: the time is naive.
    """
    if time.tzinfo is None:
        raise ValueError(f"naive time: {time.isoformat()}")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
