"""An account of many positions in memory, which a run looks at."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from argo.domain.profile import ExitRules
from argo.domain.symbols import Symbol
from reconciliation.run import reconcile
from tests.unit.builders import NOW, a_profile
from tests.unit.reconciliation.in_memory import Book, Exchange, a_wiring
from tests.unit.reconciliation.positions import HELD, LATER, a_stop, a_target, an_entry, ended, held

MINUTE = timedelta(minutes=1)


class Account:
    """Positions with live legs, and one run after another, a minute apart."""

    def __init__(self, count=0, **exits):
        self.book, self.exchange = Book(), Exchange()
        self.profile = a_profile(exits=ExitRules(**exits))
        self.now = LATER
        for number in range(count):
            self.hold(number)

    def hold(self, number, **overrides):
        symbol = Symbol("T" + "".join(chr(ord("A") + number // 26**place % 26) for place in range(3)))
        ids = {name: f"{name}-{number}" for name in ("entry", "target", "stop")}
        legs = [
            leg.model_copy(update={"order_id": ids[leg.order_id], "symbol": symbol})
            for leg in (a_target(), a_stop())
        ]
        entry = an_entry().model_copy(update={"order_id": ids["entry"], "symbol": symbol, "legs": tuple(legs)})
        self.exchange.add(entry)
        self.exchange.held[symbol] = HELD
        self.exchange.prices[symbol] = Decimal(100)
        known = held().model_copy(
            update={
                "signal_id": f"{number:024x}",
                "symbol": symbol,
                "order_id": ids["entry"],
                "legs": tuple(
                    leg.model_copy(update={"order_id": ids[name]})
                    for leg, name in zip(held().legs, ("target", "stop"), strict=True)
                ),
                "fills": tuple(fill.model_copy(update={"order_id": ids["entry"]}) for fill in held().fills),
                "updated_at": NOW + timedelta(seconds=number),
            }
            | overrides
        )
        self.book.add(known)
        return known

    def end_legs(self, number):
        """Let the broker cancel a position's exits."""
        entry = self.exchange.orders[f"entry-{number}"]
        self.exchange.add(entry.model_copy(update={"legs": tuple(ended(leg) for leg in entry.legs)}))

    def run(self, *, seconds_left=60.0):
        """Run once; returns the report and the broker's requests."""
        self.exchange.done.clear()
        wiring = a_wiring(self.book, self.exchange, now=self.now, profile=self.profile)
        self.now += MINUTE
        report = asyncio.run(reconcile(wiring, seconds_left=lambda: seconds_left))
        return report, len(self.exchange.done)
