"""Numbers as a person reads them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from statistics import median, quantiles

_HYPHEN, _MINUS = "-", "\N{MINUS SIGN}"
_UNKNOWN = "\N{EN DASH}"


def money(amount: Decimal | None) -> str:
    """Write USD to the cent."""
    return _UNKNOWN if amount is None else f"{amount:,.2f}".replace(_HYPHEN, _MINUS)


def signed(amount: Decimal | float | None) -> str:
    """Write an amount to two places with its sign; nothing gained is neither plus nor minus."""
    if amount is None:
        return _UNKNOWN
    return f"{amount:+,.2f}".replace(_HYPHEN, _MINUS) if round(amount, 2) else "0.00"


def percent(share: float | None) -> str:
    """Write a fraction in percent to one place."""
    return _UNKNOWN if share is None else f"{share:.1%}".replace(_HYPHEN, _MINUS)


def price(amount: Decimal | None) -> str:
    """Write a price: to the cent, a small one to four places."""
    if amount is None:
        return _UNKNOWN
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:,.4f}"


def quantity(amount: Decimal) -> str:
    """Write shares or coins without zeros at the end."""
    return f"{amount.normalize():,f}"


def seconds(duration: timedelta) -> str:
    """Write a duration in seconds, a short one in milliseconds."""
    taken = duration.total_seconds()
    return f"{taken:,.1f} s" if taken >= 1 else f"{1000 * taken:,.0f} ms"


def percentiles(durations: Sequence[timedelta]) -> tuple[timedelta, timedelta, timedelta]:
    """Return the median, the 95th percentile and the longest of at least one duration."""
    if len(durations) == 1:
        return durations[0], durations[0], durations[0]
    taken = [each.total_seconds() for each in durations]
    late = quantiles(taken, n=20, method="inclusive")[-1]
    return timedelta(seconds=median(taken)), timedelta(seconds=late), max(durations)
