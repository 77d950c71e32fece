"""The broker's faults, sorted by what to do next rather than by where they arose (FAILURES A14)."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from argo.domain.reasons import Obstacle, RejectionReason

_LONGEST = 1_000
"""Characters of the broker's words; Alpaca's own are below 300, and an item of the ledger has its limit."""


@dataclass(eq=False, repr=False)
class BrokerFault(Exception):
    """Any answer that is not success.

    ``status`` is the HTTP status, ``code`` and ``message`` the broker's own words, ``request_id`` its
    X-Request-ID; each None where the answer had none.
    """

    message: str
    _: KW_ONLY
    status: int | None = None
    code: int | None = None
    request_id: str | None = None

    def detail(self) -> dict[str, str]:
        """Return what is known of the fault as text, for the record; a long message is cut."""
        names = ("message", "status", "code", "request_id")
        return {name: str(known)[:_LONGEST] for name in names if (known := getattr(self, name)) is not None}


@dataclass(eq=False, repr=False)
class Refused(BrokerFault):
    """Final: the broker understood the request and will not do it. Never send it again.

    ``base_price`` is the price that the broker measured a bracket's geometry from.
    """

    _: KW_ONLY
    reason: RejectionReason
    base_price: str | None = None

    def detail(self) -> dict[str, str]:
        """Return what is known of the refusal as text, for the record."""
        return super().detail() | ({"base_price": self.base_price[:_LONGEST]} if self.base_price else {})


class Duplicate(BrokerFault):
    """An order with this client order id exists: look it up and compare."""


@dataclass(eq=False, repr=False)
class Throttled(BrokerFault):
    """Nothing was done; try again at ``until``."""

    _: KW_ONLY
    until: datetime


@dataclass(eq=False, repr=False)
class NotSent(BrokerFault):
    """Nothing was sent: its key could not be read, or the function's time would not have lasted for an answer.

    ``obstacle`` says which of the two (FAILURES C03, C12).
    """

    _: KW_ONLY
    obstacle: Obstacle = Obstacle.AWS_UNAVAILABLE


class Ambiguous(BrokerFault):
    """The request may or may not have been done: look up before anything else (FAILURES B02)."""


class Unauthorised(BrokerFault):
    """The credentials are refused: halt the account and call a person (FAILURES A34)."""
