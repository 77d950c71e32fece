"""A dry-run signal through a deployed stack, from the ledger and the queues to every account's gate.

It cannot become an order: it sells a coin that does not exist, with no confidence at all. The gate denies it by
the signal alone, before the account is read (`execution.gate.SIGNAL_CHECKS`): below the least confidence, and
whatever an account's rules say, because crypto is not sold short. No account holds the coin, so nothing is closed.

A denial and nothing else keeps the figures true: denied signals are no part of the execution rate, and what is
received less what is denied is 0 to the alarm. So it lives as long as a message may: it is denied whenever it is
delivered, and never counts as expired, which would be an eligible signal without an order.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.execution import Execution, ExecutionState
from argo.domain.signal import Ending, Regime, Side, Signal, SignalOutcome, Timeframe, signal_id
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.ports import Clock, Ledger, SignalQueue
from argo.publishing import Publisher
from console.doctor.attempts import demand
from console.stacks import aws_clients, read_stack

SYMBOL = Symbol("ARGOSMOKE/USD")

_LIFE = timedelta(days=1)
"""The queues' retention: no delivery comes later."""

_BETWEEN_LOOKS = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the dry run at one account; ``seconds`` from the publication to the outcome."""

    executor: str
    execution: Execution | None
    seconds: float

    @property
    def passed(self) -> bool:
        """True when the account's executor took the signal and denied it."""
        found = self.execution
        return found is not None and found.state is ExecutionState.DENIED and not found.order_id

    def __str__(self) -> str:
        if (found := self.execution) is None:
            return f"{self.executor}: no executor took it in {self.seconds:.0f} s"
        said = f"{found.state} {found.reason or found.obstacle or ''}".strip()
        return f"{self.executor}: {said} after {self.seconds:.1f} s"


async def send_through(
    ledger: Ledger, queues: Mapping[str, SignalQueue], clock: Clock, *, patience: timedelta
) -> tuple[Signal, Sequence[Verdict]]:
    """Publish a dry run to every queue, as the generator publishes, and wait for what each account makes of it.

    Raises:
        ConfigurationError: a queue does not take it.
    """
    began = clock.now()
    signal = dry_run(began)
    # Without profiles: an account that would not be sent such a signal is to be reached all the same.
    published = await Publisher(ledger, queues, clock).publish([signal])
    refused = {of: why for (of, which), why in published.failures.items() if which == signal.signal_id}
    if refused:
        raise ConfigurationError(f"not sent: {'; '.join(f'queue of {of}: {why}' for of, why in refused.items())}")
    # Nobody shall look for its bars, and no source is judged by it.
    unseen = SignalOutcome(ending=Ending.UNSEEN, at=signal.bar_time, bars=0)
    await ledger.record_outcome(signal.signal_id, unseen)
    verdicts: dict[str, Verdict] = {}
    while True:
        now = clock.now()
        seconds = (now - began).total_seconds()
        for execution in await ledger.executions(signal.signal_id):
            if execution.executor not in verdicts and (execution.state.is_terminal or execution.order_id):
                verdicts[execution.executor] = Verdict(execution.executor, execution, seconds)
        if verdicts.keys() >= queues.keys() or now - began >= patience:
            break
        await clock.sleep_until(now + _BETWEEN_LOOKS)
    for executor in queues.keys() - verdicts.keys():
        verdicts[executor] = Verdict(executor, await ledger.execution(signal.signal_id, executor), seconds)
    return signal, [verdicts[executor] for executor in queues]


def dry_run(now: datetime) -> Signal:
    """Return a signal that no account can order on; each is a new one."""
    strategy, version, side, timeframe = "smoke", "1", Side.SELL, Timeframe.MINUTE
    return Signal(
        signal_id=signal_id(
            strategy=strategy,
            strategy_version=version,
            symbol=SYMBOL,
            side=side,
            timeframe=timeframe,
            bar_time=now,
        ),
        symbol=SYMBOL,
        side=side,
        strategy=strategy,
        strategy_version=version,
        timeframe=timeframe,
        bar_time=now,
        confidence=Decimal(0),
        entry_price=Decimal(1),
        stop_price=Decimal("1.1"),
        target_price=Decimal("0.9"),
        volatility=Decimal("0.01"),
        created_at=now,
        expires_at=now + _LIFE,
        regime=Regime.NOT_WARM,
    )


def adapters_of(name: str) -> Adapters:
    """Return the stack's ledger and queues, in the mode that it trades in: it is on every record.

    Raises:
        ConfigurationError: there is no such stack.
    """
    missing = f"argo doctor --stack {name} says where it is"
    stack = demand(f"--stack {name}", lambda: read_stack(aws_clients(), name), missing=missing)
    variables = {
        "ARGO_TABLE_NAME": stack.table,
        "ARGO_MODE": stack.mode,
        "ARGO_QUEUE_URLS": json.dumps(stack.queue_urls),
    }
    return Adapters(Environment({**os.environ, **variables}), SystemClock())
