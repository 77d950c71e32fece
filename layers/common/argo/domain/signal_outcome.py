"""What became of a signal in the market, whoever executed it: target, stop or neither."""

from decimal import Decimal
from enum import StrEnum

from argo.domain.values import Part, Price, UtcTime


class Ending(StrEnum):
    """How a signal ended; ``UNSEEN`` when the bars after it were no longer held, so that nobody can tell."""

    TARGET = "target"
    STOP = "stop"
    EXPIRY = "expiry"
    UNSEEN = "unseen"


class SignalOutcome(Part):
    """A signal's end, judged from the bars after it as if entered at its entry price, before costs.

    ``realised_r`` is the result in units of the risk taken, from entry to stop: -1 at the stop, less where a bar
    opened beyond it. ``at`` is the start of the bar that decided, ``bars`` its number, the first after the
    signal's being 1. An unseen one has neither price nor result.
    """

    ending: Ending
    at: UtcTime
    bars: int
    price: Price | None = None
    realised_r: Decimal | None = None
