"""What the gate's lists of checks say of an ordinary signal."""

from argo.domain.reasons import Denial
from execution.gate import account_denial, ledger_denial
from tests.unit.builders import NOW, a_profile, a_signal, an_account_state, an_account_view

BLOCKED = {"trading_blocked": True}
CLOSED = {"is_open": False}
NO_SHORTS = {"shorting_enabled": False}


def ledgers(denial_profile=None, *, now=NOW, **state) -> Denial | None:
    return ledger_denial(a_signal(), denial_profile or a_profile(), an_account_state(**state), now)


def accounts(profile=None, signal=None, **view) -> Denial | None:
    return account_denial(signal or a_signal(), profile or a_profile(), an_account_view(**view))
