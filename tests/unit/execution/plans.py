"""What is planned for a signal; what a test does not name is ordinary."""

from argo.domain.reasons import Denial
from execution.planning import Plan, plan_entry
from tests.unit.builders import a_profile, a_signal, an_account_view


def plan(signal=None, profile=None, account=None) -> Plan | Denial:
    return plan_entry(signal or a_signal(), profile or a_profile(), account or an_account_view(), executor="argo")
