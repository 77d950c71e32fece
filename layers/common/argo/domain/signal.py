"""The signal: a fact about a symbol at a bar, with an id derived from that fact; and what became of it."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from argo.domain.symbols import Symbol
from argo.domain.values import Confidence, Fraction, Frozen, Number, Part, Price, UtcTime, iso

SCHEMA_VERSION: Final = 1
SIGNAL_ID: Final = r"^[0-9a-f]{24}$"


class Side(StrEnum):
    """The direction of a vote, a signal or an order; there is no neutral (FAILURES A28)."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Timeframe(StrEnum):
    """Length of a bar, in Alpaca's spelling."""

    MINUTE = "1Min"
    FIVE_MINUTES = "5Min"
    QUARTER_HOUR = "15Min"
    HOUR = "1Hour"
    DAY = "1Day"

    @property
    def duration(self) -> timedelta:
        """How long a bar lasts; a daily bar counts as one calendar day."""
        return _DURATIONS[self]


_DURATIONS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
    Timeframe.QUARTER_HOUR: timedelta(minutes=15),
    Timeframe.HOUR: timedelta(hours=1),
    Timeframe.DAY: timedelta(days=1),
}


class Regime(StrEnum):
    """The market's state as the generator saw it."""

    BULL = "bull"
    BEAR = "bear"
    CHOP = "chop"
    CRISIS = "crisis"
    NOT_WARM = "not_warm"


class Vote(Part):
    """One source's opinion on one symbol at one bar."""

    source: Annotated[str, Field(min_length=1)]
    side: Side
    confidence: Confidence
    weight: Annotated[Number, Field(gt=0)] = Decimal(1)


def signal_id(
    *, strategy: str, strategy_version: str, symbol: Symbol, side: Side, timeframe: Timeframe, bar_time: datetime
) -> str:
    """Derive the id of a signal: the same fact is the same signal, however often it is seen.

    Strategy and version name who speaks; symbol, side, timeframe and bar name what is said. Prices,
    confidence and the time of creation stay out: they differ between two sightings of one crossing
    (FAILURES A11, B13).

    Returns:
        The first 24 hexadecimal digits of the SHA-256 over the parts joined by ``|``.
    """
    fact = "|".join((strategy, strategy_version, symbol, side, timeframe, iso(bar_time)))
    return hashlib.sha256(fact.encode()).hexdigest()[:24]


class Signal(Frozen):
    """A trading signal; its JSON is the body of the queue's message.

    Prices in USD, confidence in percent 0-100, volatility as a fraction of the price, times aware UTC.
    Unknown extra fields are ignored; a wrong or missing one is a ``ValidationError``.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    signal_id: Annotated[str, Field(pattern=SIGNAL_ID)]
    symbol: Symbol
    side: Side
    confidence: Confidence
    entry_price: Price
    stop_price: Price
    target_price: Price
    volatility: Fraction
    strategy: Annotated[str, Field(min_length=1, pattern=r"^[^|]+$")]
    strategy_version: Annotated[str, Field(min_length=1, pattern=r"^[^|]+$")]
    timeframe: Timeframe
    bar_time: UtcTime
    created_at: UtcTime
    expires_at: UtcTime
    regime: Regime
    votes: tuple[Vote, ...] = ()

    @model_validator(mode="after")
    def _id_is_derived(self) -> Self:
        derived = signal_id(
            strategy=self.strategy,
            strategy_version=self.strategy_version,
            symbol=self.symbol,
            side=self.side,
            timeframe=self.timeframe,
            bar_time=self.bar_time,
        )
        if self.signal_id != derived:
            raise ValueError(f"signal_id {self.signal_id} is not the one derived from the signal, {derived}")
        return self

    @model_validator(mode="after")
    def _prices_surround_the_entry(self) -> Self:
        below, above = sorted((self.stop_price, self.target_price))
        right_way_round = (self.stop_price < self.target_price) == (self.side is Side.BUY)
        if not (below < self.entry_price < above and right_way_round):
            raise ValueError(
                f"stop {self.stop_price}, entry {self.entry_price} and target {self.target_price} "
                f"are not in order for a {self.side}"
            )
        return self

    @model_validator(mode="after")
    def _times_are_in_order(self) -> Self:
        if not self.bar_time <= self.created_at < self.expires_at:
            raise ValueError(
                f"bar_time {iso(self.bar_time)}, created_at {iso(self.created_at)} and "
                f"expires_at {iso(self.expires_at)} are not in order"
            )
        return self

    def is_expired(self, now: datetime) -> bool:
        """Tell whether nothing may be sent for this signal any more (FAILURES B07)."""
        return now >= self.expires_at

    def content_sha256(self) -> str:
        """Return the SHA-256 of the signal's JSON, as stored with it in the ledger."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Ending(StrEnum):
    """How a signal ended; ``UNSEEN`` when the bars after it were no longer held, so that nobody can tell."""

    TARGET = "target"
    STOP = "stop"
    EXPIRY = "expiry"
    UNSEEN = "unseen"


class SignalOutcome(Part):
    """A signal's end in the market, judged from the bars after it as if entered at its entry price, before costs.

    ``realised_r`` is the result in units of the risk taken, from entry to stop: -1 at the stop, less where a bar
    opened beyond it. ``at`` is the start of the bar that decided, ``bars`` its number, the first after the
    signal's being 1. An unseen one has neither price nor result.
    """

    ending: Ending
    at: UtcTime
    bars: int
    price: Price | None = None
    realised_r: Decimal | None = None
