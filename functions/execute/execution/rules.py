"""The rules that an executor goes by, each replaceable: a trial hands in wrong ones and must notice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from argo.closing import Rules as ClosingRules
from argo.domain.faults import BrokerFault
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import AfterSubmit, after_submit
from argo.domain.profile import Profile
from argo.domain.reasons import Denial
from argo.domain.signal import Signal
from execution import gate
from execution.message import Malformed, read_signal
from execution.recording import Recorder
from execution.sending import Sender
from execution.view import AccountView


@dataclass(frozen=True, slots=True)
class Rules:
    """What each decision on a signal's way goes by."""

    read: Callable[[str], Signal | Malformed] = read_signal
    has_expired: Callable[[Signal, datetime], bool] = Signal.is_expired
    exit_denial: Callable[[Signal, Profile, AccountView], Denial | None] = gate.exit_denial
    ledger_checks: Sequence[gate.LedgerCheck] = gate.LEDGER_CHECKS
    sender: type[Sender] = Sender
    recorder: type[Recorder] = Recorder
    after_submit: Callable[[BrokerOrder | BrokerFault], AfterSubmit] = after_submit
    closing: ClosingRules = field(default_factory=ClosingRules)
