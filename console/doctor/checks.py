"""Every check, in the order they are made: whatever fails first is named, what needed it is not looked at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from console.doctor import account_checks, deployment_checks
from console.doctor.facts import Facts
from console.doctor.finding import Finding, NotKnown, Unread, broken, known, not_looked_at

type Look = Callable[[Facts, str], Finding]
type Subjects = Callable[[Facts], Iterable[str]]


_WHOLE = ""


def _accounts(facts: Facts) -> Iterable[str]:
    return known(facts.accounts)


def _functions(facts: Facts) -> Iterable[str]:
    return known(facts.functions)


def _schedules(facts: Facts) -> Iterable[str]:
    return known(facts.schedules)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, how it looks and at what; ``everywhere`` also at a local run."""

    name: str
    look: Look
    subjects: Subjects
    everywhere: bool = False

    @classmethod
    def once(cls, name: str, look: Callable[[Facts], Finding], *, everywhere: bool = False) -> "Check":
        """Make a check of the whole."""
        return cls(name, lambda facts, _: look(facts), lambda _: (_WHOLE,), everywhere)


CHECKS: Sequence[Check] = (
    Check.once("argo.toml", deployment_checks.argo_toml, everywhere=True),
    Check.once("aws", deployment_checks.aws),
    Check.once("stack", deployment_checks.stack),
    Check.once("versions", deployment_checks.versions),
    Check.once("accounts", deployment_checks.accounts, everywhere=True),
    Check.once("table", deployment_checks.table, everywhere=True),
    Check("function", deployment_checks.function, _functions),
    Check("schedule", deployment_checks.schedule, _schedules),
    Check.once("alarms", deployment_checks.alarms),
    Check("queue", account_checks.queue, _accounts, everywhere=True),
    Check("dead letters", account_checks.dead_letters, _accounts, everywhere=True),
    Check("event source mapping", account_checks.mapping, _accounts),
    Check("credentials", account_checks.credentials, _accounts),
    Check("key and address", account_checks.address, _accounts),
    Check("broker", account_checks.broker, _accounts),
    Check("clock", account_checks.clock, _accounts),
    Check.once("market data", deployment_checks.market_data),
    Check("trading state", account_checks.trading_state, _accounts, everywhere=True),
    Check("reconciler", account_checks.reconciler, _accounts),
    Check.once("generator", deployment_checks.generator),
)


def examine(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Make checks in their order and return what each found.

    A fact that could not be read is broken at the first check that needs it, with what to do; the others that
    need it were not looked at.
    """
    named: set[Unread] = set()
    found = []
    for check in checks:
        for subject, finding in _looked(check, facts, named):
            found.append(replace(finding, check=check.name, subject=subject))
    return found


def _looked(check: Check, facts: Facts, named: set[Unread]) -> Iterable[tuple[str, Finding]]:
    try:
        subjects = tuple(check.subjects(facts))
    except NotKnown as missing:
        yield _WHOLE, _unread(missing.unread, named)
        return
    for subject in subjects:
        try:
            yield subject, check.look(facts, subject)
        except NotKnown as missing:
            yield subject, _unread(missing.unread, named)


def _unread(unread: Unread, named: set[Unread]) -> Finding:
    if unread in named:
        return not_looked_at(f"no {unread.what}")
    named.add(unread)
    return broken(unread.problem, unread.cure)
