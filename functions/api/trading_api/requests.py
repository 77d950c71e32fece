"""What a client may send: a signal from outside, a reason."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from argo.domain.signal import Regime, Side, Signal, Timeframe, signal_id
from argo.domain.symbols import Symbol
from argo.domain.values import Confidence, Fraction, Lifetime, Price, UtcTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEGINS_WITH_A_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_FACT = ("strategy", "strategy_version", "symbol", "side", "timeframe")


def _written_out(value: object) -> object:
    """Refuse a bare number: pydantic would read it as seconds since 1970."""
    if not isinstance(value, str) or not _BEGINS_WITH_A_DATE.match(value):
        raise ValueError("not written as in 2026-11-20T14:30:00Z")
    return value


WrittenTime = Annotated[UtcTime, BeforeValidator(_written_out)]
"""An aware time in ISO 8601; a naive one is refused."""

WrittenDay = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
"""A UTC day: ``2026-11-20``."""

Label = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9._-]+$")]


class OutsideSignal(BaseModel):
    """A signal from outside. Prices in USD, confidence in percent 0-100, volatility as a fraction of the price.

    The signal's id is derived from strategy, version, symbol, side, timeframe and bar_time: the same fact is the
    same signal, and asking twice places one order. Without a bar_time it is the bar under way; a client that may
    repeat a request later says which bar it means. An unknown field is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Annotated[Symbol, Field(examples=["AAPL"])]
    side: Side
    confidence: Confidence
    entry_price: Price
    stop_price: Price
    target_price: Price
    volatility: Fraction
    strategy: Label = "outside"
    strategy_version: Label = "1"
    timeframe: Timeframe = Timeframe.MINUTE
    bar_time: WrittenTime | None = None
    lifetime_seconds: Lifetime | None = None
    regime: Regime = Regime.NOT_WARM

    def as_signal(self, now: datetime, lifetime: timedelta) -> Signal:
        """Return the signal, made at ``now``.

        ``lifetime`` holds where the request gives none.

        Raises:
            RequestValidationError: the bar lies in the future, or the prices are not in order for the side.
        """
        bar_time = self.bar_time or now - (now - _EPOCH) % self.timeframe.duration
        if bar_time > now:
            raise refused(("body", "bar_time"), "lies in the future", "time_in_future")
        fact = {name: getattr(self, name) for name in _FACT} | {"bar_time": bar_time}
        given = self.lifetime_seconds
        try:
            return Signal.model_validate(
                {
                    **self.model_dump(exclude={"lifetime_seconds"}),
                    **fact,
                    "signal_id": signal_id(**fact),
                    "created_at": now,
                    "expires_at": now + (lifetime if given is None else timedelta(seconds=given)),
                }
            )
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in problems]) from error


class StateChange(BaseModel):
    """Why an account's trading state is set, for whoever looks at it later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


def refused(loc: tuple[str, ...], message: str, kind: str) -> RequestValidationError:
    """Return a refusal of one field, in the form of pydantic's."""
    return RequestValidationError([{"loc": loc, "msg": message, "type": kind}])
