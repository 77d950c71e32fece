"""Every check, in the order they are made: whatever fails first is named, what needed it is not looked at."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from console.deployment import open_deployment
from console.doctor import account_checks, deployment_checks
from console.doctor.facts import RunFacts
from console.doctor.finding import Finding, NotKnown, broken, known, not_looked_at
from console.doctor.stack_facts import StackFacts

_WHOLE = ""


class Check(NamedTuple):
    """One check: its name, how it looks at one of its subjects, and these; ``everywhere`` also at a local run."""

    name: str
    look: Callable[[Any, str], Finding]
    subjects: Callable[[Any], Iterable[str]]
    everywhere: bool = False


def of_whole(name: str, look: Callable[[Any], Finding], *, everywhere: bool = False) -> Check:
    """Make a check of the whole."""
    return Check(name, lambda facts, _: look(facts), lambda _: (_WHOLE,), everywhere)


def _of_accounts(name: str, look: Callable[[Any, Any], Finding], *, everywhere: bool = False) -> Check:
    return Check(
        name,
        lambda facts, account: look(facts, known(facts.accounts)[account]),
        lambda facts: known(facts.accounts),
        everywhere,
    )


CHECKS: Sequence[Check] = (
    of_whole("argo.toml", deployment_checks.argo_toml, everywhere=True),
    of_whole("aws", deployment_checks.aws),
    of_whole("stack", deployment_checks.stack),
    of_whole("versions", deployment_checks.versions),
    of_whole("accounts", deployment_checks.accounts, everywhere=True),
    of_whole("table", deployment_checks.table, everywhere=True),
    Check("function", deployment_checks.function, lambda facts: known(facts.functions)),
    Check("schedule", deployment_checks.schedule, lambda facts: known(facts.schedules)),
    of_whole("alarms", deployment_checks.alarms),
    _of_accounts("queue", account_checks.queue, everywhere=True),
    _of_accounts("dead letters", account_checks.dead_letters, everywhere=True),
    _of_accounts("event source mapping", account_checks.mapping),
    _of_accounts("credentials", account_checks.credentials),
    _of_accounts("key and address", account_checks.address),
    _of_accounts("broker", account_checks.broker),
    _of_accounts("clock", account_checks.clock),
    of_whole("market data", deployment_checks.market_data),
    _of_accounts("trading state", account_checks.trading_state, everywhere=True),
    _of_accounts("reconciler", account_checks.reconciler),
    of_whole("generator", deployment_checks.generator),
)


def examine_run(directory: Path, configuration_file: Path) -> list[Finding]:
    """Look at a local run.

    Raises:
        ConfigurationError: no run is kept there.
        EmbeddedAwsError: the emulator does not start.
    """
    with open_deployment(directory) as deployment:
        everywhere = [check for check in CHECKS if check.everywhere]
        return examine(RunFacts(directory, deployment, configuration_file), everywhere)


def examine_stack(name: str, configuration_file: Path) -> list[Finding]:
    """Look at a deployed stack."""
    return examine(StackFacts(name, configuration_file))


def examine(facts: object, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Make checks in their order and return what each found.

    A fact that could not be read is broken at the first check that needs it, with what to do; the others that
    need it were not looked at.
    """
    named: set[NotKnown] = set()
    return [
        replace(finding, check=check.name, subject=subject)
        for check in checks
        for subject, finding in _looked(check, facts, named)
    ]


def _looked(check: Check, facts: object, named: set[NotKnown]) -> Iterator[tuple[str, Finding]]:
    subject = _WHOLE
    try:
        for subject in tuple(check.subjects(facts)):
            yield subject, _look(check, facts, subject, named)
    except NotKnown as missing:
        yield subject, _missing(missing, named)


def _look(check: Check, facts: object, subject: str, named: set[NotKnown]) -> Finding:
    try:
        return check.look(facts, subject)
    except NotKnown as missing:
        return _missing(missing, named)


def _missing(fact: NotKnown, named: set[NotKnown]) -> Finding:
    if fact in named:
        return not_looked_at(f"no {fact.what}")
    named.add(fact)
    return broken(fact.problem, fact.cure)
