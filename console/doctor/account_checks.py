"""Checks of one account: its queues, its key, its broker, its record. Facts in, finding out."""

import json
from contextlib import suppress
from datetime import timedelta

from argo.domain.account import TradingState
from argo.domain.reasons import DenialReason
from console.doctor.account_facts import AccountFacts, DeployedAccountFacts
from console.doctor.attempts import NotKnown
from console.doctor.facts import HEARTBEAT, Facts, StackFacts
from console.doctor.finding import Finding, broken, ok, warning

SKEW = timedelta(seconds=5)
"""Clocks that differ by more are named: a signal's life and the market's hours are counted on them."""

_RECEIVES = 100
_TIMEOUTS = 6
"""A queue hides a message for so many of its function's timeouts, or a batch in flight is delivered again."""


def queue(facts: Facts, account: AccountFacts) -> Finding:
    """The account's queue gives up into its dead-letter queue, and not before its function does."""
    arn, hidden = account.dead_letter_queue["QueueArn"], int(account.queue["VisibilityTimeout"])
    redrives_to = json.loads(account.queue.get("RedrivePolicy", "{}")).get("deadLetterTargetArn")
    change = f"aws sqs set-queue-attributes --queue-url {account.queue_url} --attributes"
    if redrives_to != arn:
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": _RECEIVES})
        return broken(
            f"its messages are given up into {redrives_to or 'no queue'}, not into its dead-letter queue",
            f"{change} '{json.dumps({'RedrivePolicy': policy})}'",
        )
    if isinstance(account, DeployedAccountFacts):
        timeout = account.executed_by.timeout.total_seconds()
        if hidden < _TIMEOUTS * timeout:
            return broken(
                f"it hides a message for {hidden} s, and its function may run for {timeout:.0f} s: a batch in "
                "flight is delivered again",
                f"{change} VisibilityTimeout={_TIMEOUTS * timeout:.0f}",
            )
    return ok(f"{account.queue['ApproximateNumberOfMessages']} waiting, hidden for {hidden} s")


def dead_letters(facts: Facts, account: AccountFacts) -> Finding:
    """No dead letters lie about."""
    count, oldest_at = account.dead_letters
    if not count:
        return ok("none")
    since = f", the oldest since {oldest_at:%F %T} UTC" if oldest_at else ""
    return warning(
        f"{count}{since}", f"see why: argo dlq list {account.executor}{facts.selection}; then argo dlq redrive"
    )


def mapping(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """The account's queue feeds its function, and single messages can fail."""
    found = account.mapping
    change = f"aws lambda update-event-source-mapping --uuid {found['UUID']}"
    if found["State"] in {"Disabled", "Disabling"}:
        return broken(f"it is {found['State'].lower()}: nobody takes messages", f"{change} --enabled")
    if "ReportBatchItemFailures" not in found.get("FunctionResponseTypes", []):
        return broken(
            "it does not report single failures: one that fails brings its whole batch back",
            f"{change} --function-response-types ReportBatchItemFailures",
        )
    if not account.executed_by.is_called_by(found["FunctionArn"]):
        return broken(f"it feeds {found['FunctionArn']}", facts.recreate)
    return ok(f"{found['State']}, single failures reported")


def credentials(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """The account's key is stored, encrypted, and looks like one."""
    found = account.key
    if found.kind != "SecureString":
        return broken(
            f"{found.parameter} is a {found.kind}: whoever reads the parameter store reads the key",
            f"aws ssm delete-parameter --name {found.parameter}; then, with a new key: {account.new_key}",
        )
    return ok(f"{found.parameter}, key {found.credentials.key_id[:2]}...")


def address(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """Mode, address and key are of one world."""
    return ok(account.address)


def broker(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """The key works, and the account may trade."""
    found = account.broker
    if others := _of_the_same_number(facts, account):
        return broken(
            f"{' and '.join([account.executor, *others])} have keys of one account at the broker",
            f"give each an account of its own: {account.new_key}",
        )
    if not found.is_blocked:
        return ok(f"{found.status}, equity {found.equity:,.2f} USD")
    flags = {
        "trading blocked": found.trading_blocked,
        "account blocked": found.account_blocked,
        "trade suspended by user": found.trade_suspended_by_user,
    }
    said = ", ".join([found.status, *(name for name, is_set in flags.items() if is_set)])
    return broken(
        f"the broker takes no orders: {said}", "Alpaca's dashboard says why and lifts it: app.alpaca.markets"
    )


def _of_the_same_number(facts: StackFacts, account: DeployedAccountFacts) -> list[str]:
    """Return the other accounts whose keys are of the same account; one that could not be asked is none."""
    number = account.broker.number
    others = []
    for executor, other in facts.accounts.items():
        with suppress(NotKnown):
            if executor != account.executor and number is not None and other.broker.number == number:
                others.append(executor)
    return others


def clock(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """AWS's clock, this machine's and the exchange's tell the same time."""
    exchange, aws = account.exchange_ahead, facts.identity.ahead
    if abs(exchange - aws) > SKEW:
        return broken(
            f"the exchange's clock is {_skew(exchange - aws)} AWS's: signals expire too early or too late",
            "AWS's clock is kept: ask Alpaca's support; a simulated broker's clock is set by whoever runs it",
        )
    if abs(aws) > SKEW:
        return warning(f"this machine's clock is {_skew(-aws)} AWS's", "sudo timedatectl set-ntp true")
    return ok(f"exchange, AWS and this machine within {SKEW.total_seconds():.0f} s")


def trading_state(facts: Facts, account: AccountFacts) -> Finding:
    """The account may take new risk."""
    found = account.state
    if found.trading_state is TradingState.ACTIVE:
        return ok("ACTIVE")
    since = f", since {found.state_since:%F %T} UTC" if found.state_since else ""
    until = f", until {found.resumes_on:%F}" if found.resumes_on else ""
    reason = found.state_reason or "no reason given"
    anew = " --measure-anew" if reason.startswith(DenialReason.DRAWDOWN_LIMIT) else ""
    cure = f"when it may trade again: argo resume {account.executor} --reason TEXT{anew}{facts.selection}"
    seen = f"{found.trading_state}: {reason}{since}{until}"
    return broken(seen, cure) if found.trading_state is TradingState.HALTED else warning(seen, cure)


def reconciler(facts: StackFacts, account: DeployedAccountFacts) -> Finding:
    """The account's reconciler runs: by its deployed key, it has read the broker."""
    seen_at, stack = account.state.observed_at, facts.stack
    log = (
        f"its log says why: aws logs tail /{stack.name}/reconcile-{account.executor.replace('_', '-')} --since 15m"
    )
    if seen_at is None and facts.now - stack.updated_at < HEARTBEAT:
        return warning(f"no run yet: deployed at {stack.updated_at:%T} UTC", "look again in 5 minutes")
    if seen_at is None:
        return broken("it has never read the account", log)
    if facts.now - seen_at > HEARTBEAT:
        return broken(f"silent since {seen_at:%F %T} UTC", log)
    return ok(f"read the broker at {seen_at:%T} UTC")


def _skew(ahead: timedelta) -> str:
    return f"{abs(ahead).total_seconds():,.0f} s {'ahead of' if ahead > timedelta() else 'behind'}"
