"""Name the terms of an order in Alpaca's spelling."""

from enum import StrEnum


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for what a buy does to a position, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """When an order trades, and at which price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"

    @property
    def has_limit(self) -> bool:
        """Say whether it names a worst price."""
        return self in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def has_stop(self) -> bool:
        """Say whether it waits for a price."""
        return self in {OrderType.STOP, OrderType.STOP_LIMIT}


class TimeInForce(StrEnum):
    """How long an order rests."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"


class OrderClass(StrEnum):
    """How orders belong together."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"

    @property
    def is_entry(self) -> bool:
        """Say whether its first order opens a position that the legs then leave."""
        return self in {OrderClass.BRACKET, OrderClass.OTO}
