"""Value types that every model shares: confidence, fractions, prices and aware UTC times."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, PlainSerializer


def _not_a_fraction(value: Decimal) -> Decimal:
    if 0 < value <= 1:
        raise ValueError(f"{value} looks like a fraction; give percent, 0-100 (75, not 0.75)")
    return value


def _as_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


_as_number = PlainSerializer(float, return_type=float, when_used="json")

Percent = Annotated[Decimal, Field(ge=0, le=100), _as_number]
"""Percent, 0-100."""

Confidence = Annotated[Decimal, Field(ge=0, le=100), AfterValidator(_not_a_fraction), _as_number]
"""Confidence in percent, 0-100; a fraction such as 0.75 is refused (FAILURES A04)."""

Fraction = Annotated[Decimal, Field(ge=0, le=1), _as_number]
"""A share of one: 0.02 is two percent."""

Price = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=9)]
"""USD per share or coin; a decimal string in JSON."""

Quantity = Annotated[Decimal, Field(gt=0, max_digits=27, decimal_places=9)]
"""Shares or coins; a decimal string in JSON."""

UtcTime = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""An aware time, converted to UTC; a naive one is refused."""


def iso(time: datetime) -> str:
    """Format an aware time as ISO 8601 in UTC with a ``Z``; microseconds only where there are any.

    Raises:
        ValueError: the time is naive.
    """
    if time.tzinfo is None:
        raise ValueError(f"naive time: {time.isoformat()}")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def sortable(time: datetime) -> str:
    """Format an aware time in UTC at fixed width, so that text order is time order (for sort keys)."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
