"""The simulated broker: accounts, orders and a market that is driven from outside."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from simulation.broker.account import AccountSettings
from simulation.broker.clock import MarketClock
from simulation.broker.market import Market, path
from simulation.broker.trading import Trading
from simulation.market.bar_history import BarHistory, Step
from simulation.market.sessions import TradingCalendar, next_date
from simulation.market.timeframe import MINUTE


class SimulatedBroker(Trading):
    """Alpaca's behaviour without Alpaca: deterministic, synchronous, told what time it is.

    A replay calls `begin` and `finish` for each step of a bar history. Between the two the price is the
    bar's open, after `finish` its close. Without bars, `set_clock` and `set_price` do the same by hand.
    Not safe for threads: drive it from the thread that serves it (`server.BackgroundServer.call`).

    What accounts may ask for is in `Trading`; how the market moves is here.
    """

    def __init__(
        self,
        accounts: Iterable[AccountSettings],
        *,
        starts_at: datetime,
        history: BarHistory | None = None,
        clock: MarketClock | None = None,
        symbols: Iterable[str] = (),
    ) -> None:
        calendar = history.calendar() if history else TradingCalendar()
        super().__init__(
            accounts,
            clock=clock or MarketClock(calendar, starts_at),
            market=Market(history.timeframe if history else MINUTE),
            opened_at=starts_at,
        )
        self._day_ends = next_date(self.clock.now)
        self._running: Step | None = None
        for symbol in (*(history.symbols if history else ()), *symbols):
            self.assets.add(symbol)

    @classmethod
    def replaying(cls, history: BarHistory, accounts: Iterable[AccountSettings]) -> Self:
        """Make a broker before the first step of a bar history.

        Raises:
            ValueError: the bar history holds no bars.
        """
        first = next(iter(history), None)
        if first is None:
            raise ValueError("the bar history is empty")
        return cls(accounts, starts_at=first.start, history=history)

    @classmethod
    def live(
        cls,
        history: BarHistory,
        accounts: Iterable[AccountSettings],
        now: Callable[[], datetime],
        *,
        always_open: bool = False,
        closed_since: timedelta = timedelta(),
    ) -> Self:
        """Make a broker on real time, the bar history moved so that its last bar has been closed for some time.

        Prices stay at the last closes until `set_price`, or `begin` and `finish`, move them.
        """
        started = now()
        moved = history.ending_at(started - closed_since)
        clock = MarketClock(moved.calendar(), started, now=now, always_open=always_open)
        broker = cls(accounts, starts_at=started, history=moved, clock=clock)
        broker.market.preload(moved)
        broker.market.end_day()
        return broker

    def begin(self, step: Step) -> None:
        """Open the step's bars: the clock at their start, prices jump to their opens.

        Raises:
            ValueError: the step before it is not finished, or lies after it.
        """
        if self._running is not None:
            raise ValueError(f"the step of {self._running.start} is not finished")
        self._running = step
        self.set_clock(step.start)
        for bar in step.bars:
            self.assets.add(bar.symbol)
            self.market.open_bar(bar)
        self._exchange.start_waiting()
        for bar in step.bars:
            self._exchange.match(bar.symbol)

    def finish(self, step: Step) -> None:
        """Walk the rest of the step's bars along `market.path`, then set the clock to their end.

        The three stretches of the path take a quarter of the bar each, so that fills of one bar have an
        order in time.

        Raises:
            ValueError: the step was not begun.
        """
        if self._running is not step:
            raise ValueError(f"the step of {step.start} was not begun")
        self._running = None
        paths = [(bar.symbol, path(bar)) for bar in step.bars if self._exchange.has_orders(bar.symbol)]
        met = [(symbol, prices) for symbol, prices in paths if self._exchange.meets(symbol, prices)]
        quarter = (step.end - step.start) / 4
        for stretch in range(3 if met else 0):
            self.clock.advance(step.start + (stretch + 1) * quarter)
            for symbol, prices in met:
                self._exchange.walk(symbol, prices[stretch])
        for bar in step.bars:
            self.market.close_bar(bar)
        self.set_clock(step.end)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the price of a symbol jump; orders it passes fill at the new price."""
        self.tick()
        self.assets.add(symbol)
        self._exchange.jump(symbol, price)

    def set_clock(self, now: datetime, *, is_open: bool | None = None) -> None:
        """Set the time; `is_open` overrules the calendar until the clock moves on."""
        self.clock.advance(now, is_open=is_open)
        self.tick()

    def tick(self) -> None:
        """Catch up with the clock: end what is due, change the day, start what waited for the session."""
        now = self.clock.now
        for account in self.accounts.values():
            for order in account.ending(now):
                if order.is_open:
                    order.lapse(now)
        if now >= self._day_ends:
            self._day_ends = next_date(now)
            self.market.end_day()
            for account in self.accounts.values():
                account.last_equity = self.valuation(account).equity
        if self._running is None:
            for symbol in self._exchange.start_waiting():
                self._exchange.match(symbol)
