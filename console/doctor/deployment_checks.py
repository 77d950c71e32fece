"""Checks of what is deployed: configuration, stack, table, functions, schedules, feed. Facts in, finding out."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from console.doctor.attempts import known
from console.doctor.facts import HEARTBEAT, Facts, FunctionFacts, RunFacts, StackFacts
from console.doctor.finding import Finding, broken, not_looked_at, ok, warning

_COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_INDEXES = ("by_time", "open_executions")
_NAMED = 6


def argo_toml(facts: Facts) -> Finding:
    """argo.toml parses."""
    configuration = facts.configuration
    accounts = ", ".join(configuration.executors) or "none"
    seen = f"{len(configuration.watchlist)} symbols, accounts {accounts}"
    for name in configuration.executors:
        symbols = configuration.profile(name).symbols
        if symbols is not None and not set(symbols) & set(configuration.watchlist):
            return warning(
                f"{seen}; {name} trades {', '.join(sorted(symbols))}, of which the watchlist has none",
                f"add one to the watchlist, or change symbols in [accounts.{name}]; then make deploy",
            )
    return ok(seen)


def aws(facts: StackFacts) -> Finding:
    """Somebody is signed in, and somewhere."""
    return ok(f"{facts.identity.arn} in {facts.identity.region}")


def stack(facts: StackFacts) -> Finding:
    """The stack is there and at rest."""
    found = facts.stack
    seen = f"{found.name}: {found.status}, mode {found.mode}, last changed {found.updated_at:%F %T} UTC"
    events = f"aws cloudformation describe-stack-events --stack-name {found.name}"
    if found.status in _COMPLETE:
        return ok(seen)
    if found.status == "UPDATE_ROLLBACK_COMPLETE":
        return warning(
            f"{seen}: the last deployment failed, the one before it runs", f"mend what it names: {events}"
        )
    if found.status.endswith("_IN_PROGRESS"):
        return warning(seen, "wait until it is done, then look again")
    return broken(seen, f"mend what it names, then make deploy: {events}")


def versions(facts: StackFacts) -> Finding:
    """What is deployed is what this checkout has."""
    checkout = f"argo {version('argo')}, Python {platform.python_version()}"
    parts = [_some("file", facts.differing_files), _some("resource", facts.differing_resources)]
    if not any(parts):
        return ok(f"{checkout}; what is deployed is this checkout")
    return warning(
        f"{checkout}; deployed and here differ {' and '.join(part for part in parts if part)}",
        "deploy this checkout: make deploy ENVIRONMENT=...; or look from the one that was deployed",
    )


def accounts(facts: RunFacts | StackFacts) -> Finding:
    """Every enabled account has a queue, and every queue an enabled account."""
    enabled, served = set(facts.configuration.executors), set(facts.accounts)
    if without := sorted(enabled - served):
        return broken(
            f"argo.toml enables {', '.join(without)}, which no queue serves: the generator does not start",
            "make template (or enabled = false in argo.toml), then make deploy",
        )
    if unused := sorted(served - enabled):
        return warning(
            f"argo.toml does not enable {', '.join(unused)}: it gets no signal", "enable it in argo.toml"
        )
    return ok(f"{len(enabled)} accounts, each with its queue")


def table(facts: RunFacts | StackFacts) -> Finding:
    """The ledger is as the template has it."""
    table, recoverable = facts.table, facts.recoverable
    name, status = table["TableName"], table["TableStatus"]
    indexes = {
        each["IndexName"]: each.get("IndexStatus", "ACTIVE") for each in table.get("GlobalSecondaryIndexes", [])
    }
    lacking = [each for each in _INDEXES if indexes.get(each) not in {"ACTIVE", "UPDATING"}]
    if status not in {"ACTIVE", "UPDATING"}:
        return broken(f"{name} is {status}", "wait until it is ACTIVE")
    if lacking:
        return broken(f"{name} has no index {', '.join(lacking)}", facts.recreate)
    if recoverable is False:
        return broken(
            f"{name} cannot be restored to a point in time",
            f"aws dynamodb update-continuous-backups --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        )
    if recoverable is not None and not table.get("DeletionProtectionEnabled", False):
        return broken(
            f"{name} is not protected from deletion",
            f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled",
        )
    return ok(f"{name}, indexes {', '.join(_INDEXES)}")


def function(_: StackFacts, found: FunctionFacts) -> Finding:
    """A function can be invoked."""
    name = found.function_name
    if "Failed" in {found.state, found.last_update_status}:
        return broken(
            f"{name}: state {found.state}, last update {found.last_update_status}",
            f"its reason: aws lambda get-function --function-name {name}; then make deploy",
        )
    if found.reserved == 0:
        return broken(
            f"{name}: its reserved concurrency is 0, so it is never invoked",
            f"aws lambda delete-function-concurrency --function-name {name}",
        )
    try:
        Environment(found.variables).check_addresses()
    except ConfigurationError as error:
        return broken(
            f"{name} does not start: {error}",
            "Mode, AlpacaTradingUrl and AlpacaDataUrl in samconfig.toml, then make deploy",
        )
    reserved = "" if found.reserved is None else f", {found.reserved} reserved"
    changed = found.last_modified[:16].replace("T", " ")
    return ok(f"{found.state}, {found.runtime}, changed {changed} UTC{reserved}")


def schedule(facts: StackFacts, found: Mapping[str, Any]) -> Finding:
    """A schedule fires, at a function of this stack."""
    if found["State"] != "ENABLED":
        return broken(f"{found['Name']} is {found['State']}", facts.recreate)
    target = found["Target"]["Arn"]
    if not any(known(each).is_called_by(target) for each in facts.functions.values()):
        return broken(f"{found['Name']} invokes {target}", facts.recreate)
    return ok(f"{found['ScheduleExpression']} at {target.partition(':function:')[2]}")


def alarms(facts: StackFacts) -> Finding:
    """Somebody hears of alarms."""
    if facts.stack.is_local:
        return not_looked_at("an emulator sends no alarms")
    if subscribers := facts.subscribers:
        return ok(f"{subscribers} confirmed subscriptions")
    return warning(
        "no alarm reaches anybody",
        "AlarmEmail=you@example.com among the parameter_overrides of samconfig.toml, make deploy, and confirm the "
        "message that AWS sends",
    )


def market_data(facts: StackFacts) -> Finding:
    """The feed answers for the watchlist."""
    asked, feed = facts.configuration.watchlist, facts.configuration.generation.feed
    if not (without := [symbol for symbol in asked if symbol not in facts.priced]):
        return ok(f"{feed}: prices of all {len(asked)} symbols")
    seen = f"{feed} has no price of {_few(without)}"
    cure = f"mend the spelling in argo.toml's watchlist, or take another feed than {feed}"
    return broken(seen, cure) if len(without) == len(asked) else warning(seen, cure)


def generator(facts: StackFacts) -> Finding:
    """The generator's cycles come."""
    if facts.stack.is_local:
        return not_looked_at("an emulator makes no metrics of what functions report")
    cycles, last = facts.cycles, facts.last_signal
    minutes = f"{HEARTBEAT.total_seconds() / 60:.0f} minutes"
    said = f"last signal {last.created_at:%F %T} UTC, {last.side} {last.symbol}" if last else "no signal in a week"
    if cycles:
        return ok(f"{cycles} cycles in {minutes}; {said}")
    if facts.now - facts.stack.updated_at < HEARTBEAT:
        return warning(f"no cycle yet: deployed at {facts.stack.updated_at:%T} UTC", "look again in 5 minutes")
    log = f"its log says why: aws logs tail /{facts.stack.name}/generate --since 15m"
    return broken(f"no cycle in {minutes}; {said}", log)


def _some(what: str, names: Sequence[str]) -> str:
    return f"in {len(names)} {what}{'s' if len(names) > 1 else ''} ({_few(names)})" if names else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
