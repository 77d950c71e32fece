"""What the API answers, as documented in its OpenAPI document; money as text, times in UTC."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict

from argo.domain.account import TradingState
from argo.domain.execution import Execution, ExecutionState
from argo.domain.limits import Level
from argo.domain.signal import Side, Signal
from argo.domain.values import UtcTime


class Answer(BaseModel):
    """An answer's part; every field is there."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """Why nothing was done: ``error`` is the code, ``message`` is for a person."""

    error: str
    message: str


class FieldProblem(Answer):
    """One wrong field: where it is, and what is wrong with it, as pydantic says it."""

    loc: Sequence[str | int]
    msg: str
    type: str


class InvalidRequest(Problem):
    """Which fields of a request are wrong."""

    errors: Sequence[FieldProblem]


class Health(Answer):
    """The function runs, and in which mode."""

    status: str
    mode: str


class Outcome(Answer):
    """What one account made of a signal: an order with its id, or the reason why there is none."""

    success: bool
    executor_id: str
    order_id: str | None = None
    reason: str | None = None


class Outcomes(Answer):
    """What became of a signal: an entry per account that has come to an outcome, and the accounts that have not.

    ``created`` is false when the ledger had the signal before: these are then the outcomes of its first sighting.
    """

    signal_id: str
    created: bool
    outcomes: Sequence[Outcome]
    pending: Sequence[str]


class LimitReport(Answer):
    """A limit, how much of it is used and what room is left: USD, or a number of positions."""

    name: str
    used: str
    limit: str
    room: str
    level: Level


class PositionReport(Answer):
    """A position as its account's lock has it; ``notional`` is what its entry could cost at most, in USD."""

    symbol: str
    side: Side
    notional: str
    since: UtcTime
    signal_id: str
    protection: str


class AccountReport(Answer):
    """One account, from the ledger's records; amounts in USD.

    The counts are of signals created in the last ``window_seconds``; the rate is orders by eligible signals, the
    share orders by all. ``last_heartbeat`` is the reconciler's last look at the broker. ``unreadable`` names
    records of the account that this version cannot read: they are in no other field.
    """

    executor: str
    trading_state: TradingState
    reason: str | None
    since: UtcTime | None
    resumes_on: date | None
    equity: str | None
    day_profit: str | None
    reserved_notional: str
    last_heartbeat: UtcTime | None
    open_executions: Mapping[str, int]
    unreadable: Sequence[str]
    limits: Sequence[LimitReport]
    positions: Sequence[PositionReport]
    window_seconds: int
    signals: int
    orders: int
    execution_rate: float | None
    plain_share: float | None
    unresolved: int
    oldest_unresolved_seconds: float
    gap: int


class Status(Answer):
    """Whether trading works, per account."""

    mode: str
    at: UtcTime
    accounts: Sequence[AccountReport]


class ExecutionReport(Answer):
    """Where a signal stands at one account."""

    executor_id: str
    state: ExecutionState
    order_id: str | None
    reason: str | None
    obstacle: str | None
    realised_profit: str | None


class KnownSignal(Answer):
    """A signal and whom it was sent to; ``awaiting`` are accounts whose message is not in their queue yet."""

    signal: Signal
    mode: str
    published_to: Sequence[str]
    awaiting: Sequence[str]
    declined: Mapping[str, str]


class SignalReport(KnownSignal):
    """A signal in a list; ``awaiting`` are accounts whose message is not in their queue yet."""

    executions: Sequence[ExecutionReport]


class SignalPage(Answer):
    """Signals of a UTC day, newest first; ``next_token`` continues the list of the same day.

    A page may have fewer signals than asked for, or none, though more follow: the list ends without a token.
    ``unreadable`` names records of the page that this version cannot read.
    """

    day: str
    signals: Sequence[SignalReport]
    next_token: str | None
    unreadable: Sequence[str]


class SignalDetail(KnownSignal):
    """One signal with the whole record of its executions."""

    executions: Sequence[Execution]


class StateReport(Answer):
    """An account's trading state, before and after it was set; ``before`` is null where it could not be read."""

    executor: str
    before: TradingState | None
    trading_state: TradingState
    reason: str
    since: UtcTime
