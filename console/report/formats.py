"""Numbers as a person reads them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from statistics import median, quantiles

type Amount = Decimal | float | None


def _by(form: str) -> Callable[[Amount], str]:
    def written(amount: Amount) -> str:
        return "\N{EN DASH}" if amount is None else f"{amount:{form}}".replace("-", "\N{MINUS SIGN}")

    return written


money, percent = _by(",.2f"), _by(".1%")
_with_sign, _small = _by("+,.2f"), _by(",.4f")


def signed(amount: Amount) -> str:
    """Write an amount to two places with its sign; nothing gained is neither plus nor minus."""
    return _with_sign(amount) if amount is None or round(amount, 2) else "0.00"


def price(amount: Decimal | None) -> str:
    """Write a price: to the cent, a small one to four places."""
    return money(amount) if amount is None or amount >= 1 else _small(amount)


def quantity(amount: Decimal) -> str:
    """Write shares or coins without zeros at the end."""
    return f"{amount.normalize():,f}"


def seconds(duration: timedelta) -> str:
    """Write a duration in seconds, a short one in milliseconds."""
    taken = duration.total_seconds()
    return f"{taken:,.1f} s" if taken >= 1 else f"{1000 * taken:,.0f} ms"


def percentiles(durations: Sequence[timedelta]) -> tuple[timedelta, timedelta, timedelta]:
    """Return the median, the 95th percentile and the longest of at least one duration."""
    taken = [each.total_seconds() for each in durations]
    late = quantiles(taken, n=20, method="inclusive")[-1]
    return timedelta(seconds=median(taken)), timedelta(seconds=late), max(durations)
