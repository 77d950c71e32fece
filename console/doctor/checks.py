"""Every check, in the order they are made: whatever fails first is named, what needed it is not looked at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from console.doctor import account_checks, deployment_checks
from console.doctor.attempts import NotKnown, known
from console.doctor.facts import RunFacts
from console.doctor.finding import Finding, broken, not_looked_at


class Check(NamedTuple):
    """One check: its name, and how it looks at the facts; ``everywhere`` also at those of a local run.

    ``each`` names the fact of which it looks at the items, one by one, beside the facts.
    """

    name: str
    look: Callable[..., Finding]
    each: str = ""
    everywhere: bool = False


CHECKS: Sequence[Check] = (
    Check("argo.toml", deployment_checks.argo_toml, everywhere=True),
    Check("aws", deployment_checks.aws),
    Check("stack", deployment_checks.stack),
    Check("versions", deployment_checks.versions),
    Check("accounts", deployment_checks.accounts, everywhere=True),
    Check("table", deployment_checks.table, everywhere=True),
    Check("function", deployment_checks.function, "functions"),
    Check("schedule", deployment_checks.schedule, "schedules"),
    Check("alarms", deployment_checks.alarms),
    Check("queue", account_checks.queue, "accounts", everywhere=True),
    Check("dead letters", account_checks.dead_letters, "accounts", everywhere=True),
    Check("event source mapping", account_checks.mapping, "accounts"),
    Check("credentials", account_checks.credentials, "accounts"),
    Check("key and address", account_checks.address, "accounts"),
    Check("broker", account_checks.broker, "accounts"),
    Check("clock", account_checks.clock, "accounts"),
    Check("market data", deployment_checks.market_data),
    Check("trading state", account_checks.trading_state, "accounts", everywhere=True),
    Check("reconciler", account_checks.reconciler, "accounts"),
    Check("generator", deployment_checks.generator),
)


def examine(facts: object, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Make checks in their order and return what each found.

    A fact that could not be read is broken at the first check that needs it, with what to do; the others that
    need it were not looked at. Of a local run only what is everywhere is looked at.
    """
    named: set[NotKnown] = set()
    return [
        replace(_finding(check, facts, item, named), check=check.name, subject=subject)
        for check in checks
        if check.everywhere or not isinstance(facts, RunFacts)
        for subject, item in _subjects(check, facts).items()
    ]


def _subjects(check: Check, facts: object) -> Mapping[str, Any]:
    try:
        return getattr(facts, check.each) if check.each else {"": facts}
    except NotKnown as missing:
        return {"": missing}


def _finding(check: Check, facts: object, item: object, named: set[NotKnown]) -> Finding:
    try:
        return check.look(facts, known(item)) if check.each else check.look(facts)
    except NotKnown as missing:
        if missing in named:
            return not_looked_at(f"no {missing.what}")
        named.add(missing)
        return broken(missing.problem, missing.cure)
