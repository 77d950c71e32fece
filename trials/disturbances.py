"""What a trial's world does of itself: prices move, the broker has moods, people step in."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from argo.closing import plan_exit
from argo.domain.account import TradingState
from argo.domain.ledger import LostLease
from argo.domain.prices import CRYPTO_STEP, WHOLE_SHARE, Rounding, floor_to, on_tick
from argo.domain.symbols import Symbol
from simulation.broker import Behaviour, order_request
from trials.accounts import PROFILES, SYMBOLS
from trials.faults import Fault
from trials.unkind_views import LONGEST_LAG
from trials.world import FaultyWorld

_MOVED_AT_ONCE = 4
_STEP = 0.006
"""Standard deviation of one move of a price: a stop 0.5-2.5 % away is met within minutes."""

_MOOD_LASTS = timedelta(seconds=40)
_HALT_LASTS = 120.0
_CONTENDED_FOR = 4.0


class Disturbances:
    """Moves the market, sets the broker's moods, and lets people do what people do."""

    def __init__(self, world: FaultyWorld) -> None:
        """Draw from the world's seed."""
        self._world = world
        self._chance = world.draws.chance("weather")
        self._prices: dict[Symbol, Decimal] = {}
        self._halted_until: dict[str, float] = {}
        self._held_back: dict[str, float] = {}
        self._being_set: set[str] = set()
        self._is_calm = False
        for symbol in SYMBOLS:
            self._set_price(symbol, Decimal(self._chance.randint(20, 400)))

    def pick(self) -> tuple[Symbol, Decimal]:
        """Return a symbol, and its price now."""
        symbol = self._chance.choice(SYMBOLS)
        return symbol, self._prices[symbol]

    async def move_prices(self) -> None:
        """Let some prices jump."""
        if self._is_calm:
            return
        for symbol in self._chance.sample(SYMBOLS, _MOVED_AT_ONCE):
            moved = self._prices[symbol] * Decimal(str(round(1 + self._chance.gauss(0, _STEP), 6)))
            self._set_price(symbol, on_tick(max(moved, Decimal(5)), symbol.asset_class, Rounding.DOWN))
        # What was held back fills at the next price, once its time has come.
        now = self._world.loop.time()
        for client_order_id in [each for each, until in self._held_back.items() if now >= until]:
            self._world.engine.fill_limits.pop(client_order_id, None)
            del self._held_back[client_order_id]

    async def change_moods(self) -> None:
        """Let the broker's views lag for a while, its cancellations be slow, both legs of a bracket fill."""
        draws = self._world.draws
        lags = draws.strikes(Fault.INDEX_LAGS)
        self._world.views.lag(round(draws.of(Fault.INDEX_LAGS, 0, LONGEST_LAG), 3) if lags else 0.0)
        for executor in PROFILES:
            if draws.strikes(Fault.VIEWS_LAG):
                self._world.set_behaviour(
                    executor,
                    orders_lag=timedelta(seconds=round(draws.of(Fault.VIEWS_LAG, 0, 10), 3)),
                    positions_lag=timedelta(seconds=round(draws.of(Fault.VIEWS_LAG, 0, 10), 3)),
                    lags_until=self._world.clock.now() + _MOOD_LASTS,
                )
            slow, rival = draws.strikes(Fault.CANCEL_SLOW), draws.strikes(Fault.BOTH_LEGS)
            self._world.set_behaviour(
                executor,
                cancel_takes=timedelta(seconds=6 if slow else 0),
                rival_cancel_takes=timedelta(seconds=30 if rival else 0),
            )
            if rival:
                self._whipsaw(executor)

    def _whipsaw(self, executor: str) -> None:
        """Let a price pass a bracket's target and then its stop, while the other leg's cancellation is slow."""
        open_orders = self._world.books[executor].at_broker.open_orders
        stops = [order for order in open_orders if order.parent is not None and order.stop_price is not None]
        if not stops:
            return
        stop = stops[int(self._world.draws.of(Fault.BOTH_LEGS, 0, len(stops) - 0.001))]
        target = next((leg for leg in stop.root.legs if leg.is_open and leg.stop_price is None), None)
        if target is None or target.limit_price is None or stop.stop_price is None:
            return
        for price in (target.limit_price, stop.stop_price):
            self._set_price(Symbol(stop.symbol), price)

    def see_order(self, body: Mapping[str, object]) -> None:
        """Decide, as an order reaches the broker, whether it will fill in part or be rejected later."""
        draws, client_order_id = self._world.draws, str(body["client_order_id"])
        if draws.strikes(Fault.FILLED_IN_PART):
            part = Decimal(str(body["qty"])) * Decimal(str(round(draws.of(Fault.FILLED_IN_PART, 0, 1), 2)))
            whole = floor_to(part, CRYPTO_STEP if "/" in str(body["symbol"]) else WHOLE_SHARE)
            self._world.engine.fill_limits[client_order_id] = whole
            self._held_back[client_order_id] = self._world.loop.time() + draws.of(Fault.FILLED_IN_PART, 5, 300)
        if draws.strikes(Fault.REJECTED_LATE):
            executor = client_order_id.split("-")[1]
            rejected = self._world.books[executor].at_broker.behaviour.rejected_after
            self._world.set_behaviour(executor, rejected_after=rejected | {client_order_id: timedelta(seconds=3)})

    async def people(self) -> None:
        """Let operators halt, resume, flatten and redrive, and somebody close a position at the broker."""
        for executor in PROFILES:
            await self._operate(executor)
            draws, books = self._world.draws, self._world.books[executor]
            if draws.strikes(Fault.REDRIVEN):
                await books.queue.redrive()
            if draws.strikes(Fault.MESSAGE_DISAPPEARS):
                self._note(executor, "purges the queue")
                books.queue.purge()
            if draws.strikes(Fault.LATER_RECORD):
                self._world.views.meet_later_version()
            if draws.strikes(Fault.POISON):
                await books.queue.poison('{"schema_version": 1, "confidence": 9000}')
            if draws.strikes(Fault.CLOSED_BY_HAND):
                self._close_by_hand(executor)
            if draws.strikes(Fault.OPERATOR_FLATTENS):
                await self._flatten(executor)

    async def clear_up(self) -> None:
        """End every mood and every halt: what is left to settle is Argo's."""
        self._world.views.lag(0.0)
        for executor in PROFILES:
            self._world.books[executor].at_broker.behaviour = Behaviour()
            await self._set(executor, TradingState.ACTIVE)
        for client_order_id in self._held_back:
            self._world.engine.fill_limits.pop(client_order_id, None)

    def calm(self) -> None:
        """Let prices stand still from now on, each traded once more, so that what was held back fills."""
        self._is_calm = True
        for symbol, price in self._prices.items():
            self._world.engine.set_price(symbol, price)

    async def _operate(self, executor: str) -> None:
        """Halt now and then; resume what is halted, by whomever, two minutes later."""
        now = self._world.loop.time()
        state = (await self._world.ledger.account(executor)).trading_state
        if state is TradingState.ACTIVE:
            self._halted_until.pop(executor, None)
            draws = self._world.draws
            halts, contended = draws.strikes(Fault.OPERATOR_HALTS), draws.strikes(Fault.HALT_CONTENDED)
            if contended:
                self._world.contend(draws.of(Fault.HALT_CONTENDED, 1, _CONTENDED_FOR))
            if halts or contended:
                await self._set(executor, TradingState.HALTED)
        elif now >= self._halted_until.setdefault(executor, now + _HALT_LASTS):
            await self._set(executor, TradingState.ACTIVE)

    async def _set(self, executor: str, state: TradingState) -> None:
        if executor in self._being_set:
            return
        self._being_set.add(executor)
        self._note(executor, f"sets the account {state}")
        referee = self._world.referee
        if state is not TradingState.HALTED:
            referee.takes_back(executor)
        if await self._world.operate(executor, state) and state is TradingState.HALTED:
            referee.confirmed(executor)
        self._being_set.discard(executor)

    async def _flatten(self, executor: str) -> None:
        ledger = self._world.ledger
        holdings = list((await ledger.account(executor)).holdings.items())
        if not holdings:
            return
        symbol, held = self._chance.choice(holdings)
        execution = await ledger.execution(held.signal_id, executor)
        if execution is not None and not execution.state.is_terminal:
            self._note(executor, f"flattens {symbol}")
            try:
                await plan_exit(ledger, self._world.clock, execution, "operator: trial")
            except LostLease:
                self._note(executor, "flattens nothing: it moved")

    def _close_by_hand(self, executor: str) -> None:
        account = self._world.books[executor].at_broker
        held = sorted(account.positions.items())
        if not held:
            return
        symbol, position = self._chance.choice(held)
        body = {
            "symbol": symbol,
            "side": "sell" if position.quantity > 0 else "buy",
            "qty": str(abs(position.quantity)),
            "type": "market",
            "time_in_force": "gtc" if position.asset.is_crypto else "day",
        }
        self._note(executor, f"closes {symbol} by hand")
        order = self._world.engine.trade_by_hand(account, order_request(body), cancels_exits=True)
        self._world.books[executor].by_hand.add(order.id)

    def _set_price(self, symbol: Symbol, price: Decimal) -> None:
        self._prices[symbol] = price
        self._world.engine.set_price(symbol, price)

    def _note(self, executor: str, what: str) -> None:
        self._world.trace.add(self._world.loop.time(), "a person", "acts", executor, what)
