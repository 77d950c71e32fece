"""The broker's faults, sorted by what to do next rather than by where they arose (FAILURES A14)."""

from datetime import datetime

from argo.domain.reasons import RejectionReason

_LONGEST = 1_000
"""Characters of the broker's words; Alpaca's own are below 300, and an item of the ledger has its limit."""


class BrokerFault(Exception):
    """Any answer that is not success.

    ``status`` is the HTTP status, ``code`` and ``message`` the broker's own words, ``request_id`` its
    X-Request-ID; each None where the answer had none.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep what the broker said."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id

    def detail(self) -> dict[str, str]:
        """Return what is known of the fault as text, for the record; a long message is cut."""
        known = {
            "message": self.message,
            "status": self.status,
            "code": self.code,
            "request_id": self.request_id,
        }
        return {name: str(value)[:_LONGEST] for name, value in known.items() if value is not None}


class Refused(BrokerFault):
    """Final: the broker understood the request and will not do it. Never send it again."""

    def __init__(
        self,
        message: str,
        *,
        reason: RejectionReason,
        base_price: str | None = None,
        status: int | None = None,
        code: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep the sorted reason and, for a bracket's geometry, the price the broker measured from."""
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.reason = reason
        self.base_price = base_price

    def detail(self) -> dict[str, str]:
        """Return what is known of the refusal as text, for the record."""
        return super().detail() | ({"base_price": self.base_price[:_LONGEST]} if self.base_price else {})


class Duplicate(BrokerFault):
    """An order with this client order id exists: look it up and compare."""


class Throttled(BrokerFault):
    """Nothing was done; try again at ``until``."""

    def __init__(
        self, message: str, *, until: datetime, status: int | None = None, request_id: str | None = None
    ) -> None:
        """Keep the time at which the broker takes requests again."""
        super().__init__(message, status=status, request_id=request_id)
        self.until = until


class Ambiguous(BrokerFault):
    """The request may or may not have been done: look up before anything else (FAILURES B02)."""


class Unauthorised(BrokerFault):
    """The credentials are refused: halt the account and call a person (FAILURES A34)."""
