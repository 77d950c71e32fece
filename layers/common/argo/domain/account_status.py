"""One account at a glance, from the ledger's records: state, equity, room under its limits, positions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from argo.domain.account import AccountState
from argo.domain.conservation import AccountSum
from argo.domain.execution import Execution
from argo.domain.limits import EquityMarks, Limit, loss_limits
from argo.domain.lists import Listed, Unreadable
from argo.domain.profile import Profile
from argo.domain.values import iso


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account as the ledger has it; amounts in USD. The reconciler's last look is the heartbeat.

    ``unreadable`` are records of it that this code cannot read: they are in no other field.
    """

    executor: str
    state: AccountState
    open_executions: Sequence[Execution]
    summed: AccountSum
    limits: Sequence[Limit]
    unreadable: Sequence[Unreadable] = ()

    @property
    def day_profit(self) -> Decimal | None:
        """The day's profit or loss, open positions included."""
        equity, start = self.state.equity, self.state.day_start_equity
        return None if equity is None or start is None else equity - start

    def protection(self, symbol: str) -> str:
        """Say which exits the broker holds for a position, as its execution was last seen."""
        holding = self.state.holdings[symbol]
        execution = next((each for each in self.open_executions if each.signal_id == holding.signal_id), None)
        if execution is None:
            return "no open execution"
        return ", ".join(f"{leg.role} {leg.status}" for leg in execution.legs) or "none"

    def as_dict(self) -> dict[str, Any]:
        """Return the status as plain JSON; money as text."""
        state = self.state
        return {
            "executor": self.executor,
            "trading_state": state.trading_state,
            "reason": state.state_reason,
            "since": iso(state.state_since) if state.state_since else None,
            "resumes_on": state.resumes_on.isoformat() if state.resumes_on else None,
            "equity": _text(state.equity),
            "day_profit": _text(self.day_profit),
            "reserved_notional": str(state.reserved_notional),
            "last_heartbeat": iso(state.observed_at) if state.observed_at else None,
            "open_executions": dict(Counter(str(each.state) for each in self.open_executions)),
            "unreadable": [each.name for each in self.unreadable],
            "execution_rate": self.summed.execution_rate,
            "limits": [
                {
                    "name": limit.name,
                    "used": str(limit.used),
                    "limit": str(limit.limit),
                    "room": str(limit.room),
                    "level": limit.level,
                }
                for limit in self.limits
            ],
            "positions": [
                {
                    "symbol": symbol,
                    "side": holding.side,
                    "notional": str(holding.notional),
                    "since": iso(holding.since),
                    "signal_id": holding.signal_id,
                    "protection": self.protection(symbol),
                }
                for symbol, holding in sorted(state.holdings.items())
            ],
        }


def status_of(
    state: AccountState, open_executions: Listed[Execution], summed: AccountSum, profile: Profile | None
) -> AccountStatus:
    """Return the status of an account; without a profile it has no limits."""
    found = limits(profile, state) if profile else []
    unreadable = (*state.unreadable, *open_executions.unreadable)
    return AccountStatus(summed.executor, state, open_executions, summed, found, unreadable)


def limits(profile: Profile, state: AccountState) -> list[Limit]:
    """Return a profile's limits as the ledger's record has used them: USD, or positions."""
    found: list[Limit] = []
    if state.trading_day and state.equity is not None and state.day_start_equity is not None:
        known = EquityMarks(
            trading_day=state.trading_day,
            equity=state.equity,
            day_start=state.day_start_equity,
            start=state.starting_equity or state.day_start_equity,
            peak=state.peak_equity or state.equity,
        )
        found.extend(loss_limits(profile, known))
        if profile.exposure_limit_percent is not None:
            exposure = sum((holding.notional for holding in state.holdings.values()), Decimal(0))
            found.append(Limit("exposure", exposure, state.equity * profile.exposure_limit_percent / 100))
    if profile.position_limit is not None:
        found.append(Limit("positions", Decimal(len(state.holdings)), Decimal(profile.position_limit)))
    return found


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
