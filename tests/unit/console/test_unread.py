from io import StringIO

from rich.console import Console

from argo.domain.account import AccountState
from argo.domain.account_status import status_of
from argo.domain.conservation import AccountSum
from argo.domain.lists import Listed, Unreadable
from console.audit import as_dict, audited
from console.status import panel
from console.tables import unread

LATER = [Unreadable(f"SIGNAL#{number:024x} EXECUTION#argo", "its state is 'PARKED'") for number in range(7)]


def test_c17_a_status_says_what_it_has_not_read():
    account = status_of(AccountState(executor="argo"), Listed(unreadable=LATER), AccountSum("argo"), None)

    assert account.as_dict()["unreadable"] == [each.name for each in LATER]
    screen = Console(file=StringIO(), width=120)
    screen.print(panel(account))
    assert "7 records" in screen.file.getvalue()


def test_c17_an_audit_says_what_it_has_not_read():
    found = audited(Listed(), ["argo"], None, None, LATER)

    assert as_dict(found)["unreadable"] == [each.name for each in LATER]


def test_a_line_names_some_and_counts_all():
    line = unread(LATER).plain

    assert "7 records" in line
    assert LATER[4].name in line
    assert LATER[5].name not in line
    assert line.endswith("and 2 more")
