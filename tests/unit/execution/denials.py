"""What the gate's lists of checks say of an ordinary signal."""

from argo.domain.reasons import Denial
from execution.gate import ACCOUNT_CHECKS, LEDGER_CHECKS, first_denial
from tests.unit.builders import NOW, a_profile, a_signal, an_account_state, an_account_view

BLOCKED = {"trading_blocked": True}
CLOSED = {"is_open": False}
NO_SHORTS = {"shorting_enabled": False}


def ledgers(denial_profile=None, *, now=NOW, **state) -> Denial | None:
    return first_denial(LEDGER_CHECKS, a_signal(), denial_profile or a_profile(), an_account_state(**state), now)


def accounts(profile=None, signal=None, **view) -> Denial | None:
    return first_denial(ACCOUNT_CHECKS, signal or a_signal(), profile or a_profile(), an_account_view(**view))
