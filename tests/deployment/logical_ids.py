"""Names of what the template declares, and where a value mentions one."""

import json

from tests.deployment.session import ACCOUNTS

QUEUES = {f"{name}Queue": f"{name}DeadLetterQueue" for name in ACCOUNTS.values()}
OF_AN_ACCOUNT = [
    (f"{kind}{name}Function", executor) for executor, name in ACCOUNTS.items() for kind in ("Execute", "Reconcile")
]


def mentions(value, logical_id):
    text = json.dumps(value)
    return any(mark in text for mark in (f'"{logical_id}"', f"${{{logical_id}}}", f"${{{logical_id}."))
