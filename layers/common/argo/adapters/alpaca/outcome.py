"""Alpaca's answers as Argo's faults: the one place that reads a status, a code or a message.

docs/policies.md has the table, written from what `fault` returns; codes are overloaded, so code and message both
count.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from argo.domain.faults import Ambiguous, BrokerFault, Duplicate, Refused, Throttled, Unauthorised
from argo.domain.reasons import RejectionReason

NOT_FOUND = 404
_GAVE_UP = frozenset({408, 425, 499})
"""Request timeout, too early, client closed the request: whether it was done is not known."""

_CODE = re.compile(r"\d{1,18}")
_DUPLICATE_CODE = 40010001
_NO_SUCH_ORDER_CODE = 40410000
_SHORTEST_THROTTLE = timedelta(seconds=1)
_DEFAULT_THROTTLE = timedelta(seconds=5)

_REASONS = (
    ("wash trade", RejectionReason.WASH_TRADE),
    ("insufficient qty", RejectionReason.QUANTITY_HELD),
    ("held_for_orders", RejectionReason.QUANTITY_HELD),
    ("buying power", RejectionReason.BUYING_POWER),
    ("cost basis", RejectionReason.BUYING_POWER),
    ("short", RejectionReason.NOT_TRADABLE),
    ("fractionable", RejectionReason.NOT_TRADABLE),
    ("not active", RejectionReason.NOT_TRADABLE),
    ("not tradable", RejectionReason.NOT_TRADABLE),
    ("asset", RejectionReason.NOT_TRADABLE),
)
"""Words of Alpaca's messages, first match wins, with what they mean to a person."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``body`` is parsed JSON, or None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body where it is a JSON object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def request_id(self) -> str | None:
        """Alpaca's X-Request-ID, which its support asks for."""
        return self.headers.get("X-Request-ID")


class _Seen(TypedDict):
    status: int
    code: int | None
    request_id: str | None


def fault(answer: Answer, now: datetime) -> BrokerFault | None:
    """Sort an answer by what to do next; None is success.

    A redirect, a 5xx, a request timeout and a 2xx without a JSON body are ambiguous: whether the request was
    done is not known.
    """
    message = str(answer.fields.get("message") or f"HTTP {answer.status}")
    given = answer.fields.get("code")
    code = _number(given)
    seen = _Seen(status=answer.status, code=code, request_id=answer.request_id)
    match answer.status:
        case status if 200 <= status < 300 and (answer.body is not None or status == 204):
            return None
        case status if status == 401 or (status == 403 and given is None):
            return Unauthorised(message, **seen)
        case 429:
            return Throttled(message, until=_reset(answer, now), status=429, request_id=answer.request_id)
        case 422 if code == _DUPLICATE_CODE and "must be unique" in message:
            return Duplicate(message, **seen)
        case status if 400 <= status < 500 and status not in _GAVE_UP:
            base_price = answer.fields.get("base_price")
            return Refused(
                message,
                reason=_reason(status, message, has_base_price=base_price is not None),
                base_price=None if base_price is None else str(base_price),
                **seen,
            )
        case _:
            return Ambiguous(message, **seen)


def is_no_such_order(answer: Answer) -> bool:
    """Tell Alpaca's own "no such order" from any other 404, such as a wrong address gives."""
    return answer.status == NOT_FOUND and _number(answer.fields.get("code")) == _NO_SUCH_ORDER_CODE


def read[T](parse: Callable[[Any], T], answer: Answer) -> T:
    """Parse a successful answer.

    Raises:
        Ambiguous: it is not of the promised form, so it tells nothing for certain.
    """
    try:
        return parse(answer.body)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Ambiguous(
            f"unreadable answer: {type(error).__name__}: {error}",
            status=answer.status,
            request_id=answer.request_id,
        ) from error


def _reason(status: int, message: str, *, has_base_price: bool) -> RejectionReason:
    if has_base_price:
        return RejectionReason.BRACKET_GEOMETRY
    words = message.lower()
    for word, reason in _REASONS:
        if word in words:
            return reason
    return RejectionReason.VALIDATION if status in {400, 422} else RejectionReason.OTHER


def _reset(answer: Answer, now: datetime) -> datetime:
    """Return when the rate limit ends; a missing or absurd header becomes a short wait."""
    try:
        reset = datetime.fromtimestamp(int(answer.headers.get("X-RateLimit-Reset", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return now + _DEFAULT_THROTTLE
    return min(max(reset, now + _SHORTEST_THROTTLE), now + timedelta(minutes=2))


def _number(code: object) -> int | None:
    return int(code) if isinstance(code, int | str) and _CODE.fullmatch(str(code)) else None
