"""Checks of what is deployed: configuration, stack, table, functions, schedules, feed. Facts in, finding out."""

from collections.abc import Sequence

from console.doctor.facts import Facts, RunFacts
from console.doctor.finding import Finding, broken, known, not_looked_at, ok, warning
from console.doctor.stack_facts import HEARTBEAT, StackFacts

_COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_INDEXES = ("by_time", "open_executions")
_NAMED = 6


def argo_toml(facts: Facts) -> Finding:
    """argo.toml parses."""
    configuration = known(facts.configuration)
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
    identity = known(facts.identity)
    return ok(f"{identity.arn} in {identity.region}")


def stack(facts: StackFacts) -> Finding:
    """The stack is there and at rest."""
    found = known(facts.stack)
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
    difference = known(facts.difference)
    parts = [_some("file", difference.files), _some("resource", difference.resources)]
    if not any(parts):
        return ok(f"{facts.checkout}; what is deployed is this checkout")
    return warning(
        f"{facts.checkout}; deployed and here differ {' and '.join(part for part in parts if part)}",
        "deploy this checkout: make deploy ENVIRONMENT=...; or look from the one that was deployed",
    )


def accounts(facts: RunFacts | StackFacts) -> Finding:
    """Every enabled account has a queue, and every queue an enabled account."""
    enabled, served = set(known(facts.configuration).executors), set(known(facts.accounts))
    if without := sorted(enabled - served):
        return broken(
            f"argo.toml enables {', '.join(without)}, which no queue serves: the generator does not start",
            "add it to template.yaml (docs/accounts.md, Add an account), or enabled = false in argo.toml; "
            "then make deploy",
        )
    if unused := sorted(served - enabled):
        return warning(
            f"argo.toml does not enable {', '.join(unused)}: it gets no signal", "enable it in argo.toml"
        )
    return ok(f"{len(enabled)} accounts, each with its queue")


def table(facts: RunFacts | StackFacts) -> Finding:
    """The ledger is as the template has it."""
    table, recoverable = known(facts.table)
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


def function(facts: StackFacts, subject: str) -> Finding:
    """A function can be invoked."""
    found = known(known(facts.functions)[subject])
    if found.state == "Failed" or found.last_update == "Failed":
        return broken(
            f"{found.name}: state {found.state}, last update {found.last_update}",
            f"its reason: aws lambda get-function --function-name {found.name}; then make deploy",
        )
    if found.reserved == 0:
        return broken(
            f"{found.name}: its reserved concurrency is 0, so it is never invoked",
            f"aws lambda delete-function-concurrency --function-name {found.name}",
        )
    reserved = "" if found.reserved is None else f", {found.reserved} reserved"
    return ok(f"{found.state}, {found.runtime}, changed {found.modified_at} UTC{reserved}")


def schedule(facts: StackFacts, subject: str) -> Finding:
    """A schedule fires, at a function of this stack."""
    found = known(known(facts.schedules)[subject])
    if found["State"] != "ENABLED":
        return broken(f"{found['Name']} is {found['State']}", facts.recreate)
    target = found["Target"]["Arn"]
    if not any(known(each).is_called_by(target) for each in known(facts.functions).values()):
        return broken(f"{found['Name']} invokes {target}", facts.recreate)
    return ok(f"{found['ScheduleExpression']} at {target.partition(':function:')[2]}")


def alarms(facts: StackFacts) -> Finding:
    """Somebody hears of alarms."""
    if known(facts.stack).is_local:
        return not_looked_at("an emulator sends no alarms")
    if subscribers := known(facts.subscribers):
        return ok(f"{subscribers} confirmed subscriptions")
    return warning(
        "no alarm reaches anybody",
        "AlarmEmail=you@example.com among the parameter_overrides of samconfig.toml, make deploy, and confirm the "
        "message that AWS sends",
    )


def market_data(facts: StackFacts) -> Finding:
    """The feed answers for the watchlist."""
    priced = known(facts.priced)
    asked, feed = known(facts.configuration).watchlist, known(facts.configuration).generation.feed
    if not (without := [symbol for symbol in asked if symbol not in priced]):
        return ok(f"{feed}: prices of all {len(asked)} symbols")
    seen = f"{feed} has no price of {_few(without)}"
    cure = f"mend the spelling in argo.toml's watchlist, or take another feed than {feed}"
    return broken(seen, cure) if len(without) == len(asked) else warning(seen, cure)


def generator(facts: StackFacts) -> Finding:
    """The generator's cycles come."""
    if known(facts.stack).is_local:
        return not_looked_at("an emulator makes no metrics of what functions report")
    found = known(facts.heartbeat)
    minutes = f"{HEARTBEAT.total_seconds() / 60:.0f} minutes"
    last = found.last_signal.signal if found.last_signal else None
    said = f"last signal {last.created_at:%F %T} UTC, {last.side} {last.symbol}" if last else "no signal in a week"
    if found.cycles:
        return ok(f"{found.cycles} cycles in {minutes}; {said}")
    name = known(facts.stack).name
    if facts.now - known(facts.stack).updated_at < HEARTBEAT:
        return warning(
            f"no cycle yet: deployed at {known(facts.stack).updated_at:%T} UTC", "look again in 5 minutes"
        )
    return broken(
        f"no cycle in {minutes}; {said}", f"its log says why: aws logs tail /{name}/generate --since 15m"
    )


def _some(what: str, names: Sequence[str]) -> str:
    return f"in {len(names)} {what}{'s' if len(names) > 1 else ''} ({_few(names)})" if names else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
