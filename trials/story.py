"""A failing trial as a story: what happened to the record that broke a rule, and who was at it, in words."""

import re
from collections.abc import Collection, Iterator, Sequence

from trials.accounts import PROFILES
from trials.records import Line
from trials.referee.evidence import Violation
from trials.referee.rules import Rule

_SIGNAL = re.compile(r"\b[0-9a-f]{24}\b")
_ORDER = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_IDS = re.compile(rf":( {_ORDER.pattern})+$")
_ENTRY_OF = re.compile(r"argo-(?P<executor>\w+)-(?P<signal>[0-9a-f]{24})")
_ENDS = ("killed before", "killed after", "time limit")

_WORDS = {
    "ledger.put_signal": "writes the signal down",
    "ledger.mark_published": "notes that it is in the queues",
    "ledger.signal": "reads the signal",
    "ledger.claim": "claims the execution",
    "ledger.intend": "records the order it is about to send",
    "ledger.settle": "records what became of it",
    "ledger.pause": "records that it has to wait",
    "ledger.record_exit": "records how the position is left",
    "ledger.record_protection": "records what guards the position",
    "ledger.execution": "reads the record",
    "queue.send": "puts the message into the queue",
    "queue.quarantine": "sets the message aside",
    "broker.submit": "sends the order",
    "broker.order": "asks for the order",
    "broker.order_by_client_id": "looks the order up by its client order id",
    "broker.cancel": "asks for the order's cancellation",
    "broker.replace": "moves the order's stop",
    "time limit": "is at its time limit",
}

_HOW = {"killed before": "and its process ends before that", "killed after": "and then its process ends"}


def story(violation: Violation, lines: Sequence[Line]) -> Iterator[str]:
    """Yield what happened to the record that a violation is about, and the violation, a line of text each."""
    signals, executor = _subject(violation, lines)
    orders = _orders(signals, lines)
    past = [line for line in lines if line.at <= violation.at]
    told = [line for line in past if _concerns(line, signals, executor, orders)]
    at_it = {line.who for line in told}
    for line in past:
        ended = line.how.startswith(_ENDS) or line.what in _ENDS
        if line in told or (ended and line.who in at_it):
            yield _sentence(line, orders)
    yield f"{_time(violation.at)}  {breach(violation)}"


def breach(violation: Violation) -> str:
    """Return a violation as one sentence."""
    asked = next((rule.meaning for rule in Rule if rule == violation.rule), violation.rule)
    about = " ".join(part for part in (violation.about, violation.detail) if part)
    return f"BROKEN: {asked}. But: {about}"


def _subject(violation: Violation, lines: Sequence[Line]) -> tuple[Collection[str], str | None]:
    """Return the signals that a violation is about, and the account if it is one account's affair."""
    said = f"{violation.about} {violation.detail}"
    executor = next((name for name in PROFILES if re.search(rf"\b{name}\b", said)), None)
    signals = _SIGNAL.findall(said)
    if not signals:
        # Of a position only the symbol is known: every signal for it that became an order there.
        put = {line.about.split()[0]: line.about.split()[-1] for line in lines if line.what == "ledger.put_signal"}
        words = {word.replace("/", "") for word in said.split()}
        ordered = {
            found["signal"]
            for line in lines
            if line.what == "broker.submit"
            and (found := _ENTRY_OF.match(line.about))
            and found["executor"] == executor
        }
        signals = [each for each in ordered if put.get(each, "").replace("/", "") in words]
    return signals, executor


def _orders(signals: Collection[str], lines: Sequence[Line]) -> dict[str, str]:
    """Return the broker's ids of the subject's orders, each with what it is: an order, or a leg of one."""
    known: dict[str, str] = {}
    for line in lines:
        shown = line.how.partition(": ")
        client_id = shown[0].partition(" ")[0]
        if (found := _ENTRY_OF.match(client_id)) and found["signal"] in signals:
            first, *legs = _ORDER.findall(shown[2]) or [""]
            known[first] = client_id
            known |= dict.fromkeys(legs, f"a leg of {client_id}")
    return known


def _concerns(line: Line, signals: Collection[str], executor: str | None, orders: Collection[str]) -> bool:
    if line.who == "a person":
        return executor in (None, line.about)
    said = f"{line.about} {line.how}"
    mine = any(signal in said for signal in signals) or line.about in orders
    others = {name for name in PROFILES if name != executor} if executor else set()
    return (
        mine
        and line.what in _WORDS
        and not any(re.search(rf"\b{name}\b", f"{line.who} {said}") for name in others)
    )


def _sentence(line: Line, orders: dict[str, str]) -> str:
    if line.who == "a person":
        return f"{_time(line.at)}  a person {line.how} ({line.about})"
    name, _, process = line.who.partition("#")
    done = _WORDS.get(line.what, line.what)
    about = orders.get(line.about, line.about)
    how = _HOW.get(line.how, _IDS.sub("", line.how).removeprefix(f"{about} "))
    parts = [f"{name} (process {process}) {done}", about, f"- {how}" if how else ""]
    return f"{_time(line.at)}  {'  '.join(part for part in parts if part)}"


def _time(at: float) -> str:
    return f"+{int(at // 60):02d}:{at % 60:06.3f}"
