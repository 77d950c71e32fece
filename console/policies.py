"""docs/policies.md: what the broker, AWS and a position tell, what it means, and what Argo does.

Of the broker nothing is written by hand: answers of every status are shown to the policy's own functions, and the
page says what these make of them. The other tables lie beside their functions, and tests hold them against each
other.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from inspect import getdoc
from itertools import groupby

from argo.adapters.alpaca.outcome import Answer, fault, is_no_such_order
from argo.adapters.aws.policy import AwsAnswer
from argo.domain.execution import claimed
from argo.domain.faults import Ambiguous, BrokerFault, NotSent
from argo.domain.outcome import (
    QUIESCENCE,
    Accept,
    LookUp,
    Reject,
    SendAgain,
    Wait,
    after_look_up,
    after_submit,
    waiting_for,
)
from argo.domain.policy import Policy
from console.dry_run import dry_run
from reconciliation.repair_policy import REPAIRS
from trials.proof import section

type Decision = Accept | Reject | LookUp | SendAgain | Wait

_NOW = datetime(2026, 1, 2, 15, tzinfo=UTC)
_JSON = {"message": "words"}
_EXECUTION = claimed(dry_run(_NOW), executor="argo", mode="paper", now=_NOW, lease_until=_NOW)
_ABOUT = """# Policies

Written by `make docs` from the code; `make check` fails when the two differ. What was seen, what it means, what is
done: the broker's answers, AWS's answers, and what the reconciler finds of a position."""


def policies() -> str:
    sections = [
        _ABOUT,
        section("The broker's answers", ("Alpaca answers", "meaning", "to an order", "to a look-up"), _broker()),
        section(
            "What is decided on them",
            ("decision", "action"),
            ((f"`{kind.__name__}`", _doc(kind)) for kind in (Accept, Reject, LookUp, SendAgain, Wait)),
        ),
        section("AWS's answers", ("AWS answers", "meaning", "action", "in the code"), _rows(list(AwsAnswer))),
        section(
            "Repairs, the first that fits", ("the position", "meaning", "action", "in the code"), _rows(REPAIRS)
        ),
    ]
    return "\n\n".join(sections) + "\n"


def _rows(policy: Sequence[Policy]) -> list[tuple[str, str, str, str]]:
    return [(row.evidence, row.meaning, row.action, f"`{row.answer.__name__}`") for row in policy]


def _broker() -> Iterator[tuple[str, str, str, str]]:
    kinds: dict[type[BrokerFault] | None, list[int]] = {}
    for status in range(100, 600):
        found = fault(Answer(status, {}, _JSON), _NOW)
        kinds.setdefault(type(found) if found else None, []).append(status)
    for statuses in kinds.values():
        yield _row(_spans(statuses), Answer(statuses[0], {}, _JSON))
    coded = {"code": 40310000, "message": "words"}
    reused = {"code": 40010001, "message": "client_order_id must be unique"}
    yield _row("403 with a code", Answer(403, {}, coded))
    yield _row(f"422, code {reused['code']}, `{reused['message']}`", Answer(422, {}, reused))
    yield _row("a success without JSON, but 204", Answer(200, {}, None))
    yield _row("no answer at all", Ambiguous("no answer"))
    yield _row("nothing: its key is not told", NotSent("throttled"))
    missing = Answer(404, {}, {"code": 40410000, "message": "order not found"})
    assert is_no_such_order(missing)  # noqa: S101 - or the row would be of something else
    since = _EXECUTION.model_copy(update={"missing_since": _NOW - QUIESCENCE})
    first, second = (after_look_up(None, each, now=_NOW) for each in (_EXECUTION, since))
    seconds = f"{QUIESCENCE.total_seconds():.0f} s"
    yield f"404, code {missing.fields['code']}", "there is no such order, or none yet", "-", _called(first)
    yield f"the same again, {seconds} later", "the order never arrived", "-", _called(second)


def _row(evidence: str, answer: Answer | BrokerFault) -> tuple[str, str, str, str]:
    found = fault(answer, _NOW) if isinstance(answer, Answer) else answer
    if found is None:
        return evidence, "the order, or what was asked for", "`Accept`", "`Accept`"
    asked = after_look_up(found, _EXECUTION, now=_NOW)
    assert asked == waiting_for(found)  # noqa: S101 - a look-up is a request like any other that changes nothing
    return evidence, _doc(type(found)), _called(after_submit(found)), _called(asked)


def _called(decision: Decision) -> str:
    name = f"`{type(decision).__name__}`"
    if not isinstance(decision, Wait):
        return name
    until = f", {(decision.until - _NOW) / timedelta(seconds=1):.0f} s" if decision.until else ""
    return f"{name}: {decision.obstacle.meaning[0].lower()}{decision.obstacle.meaning[1:]}{until}"


def _doc(kind: type) -> str:
    return (getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")


def _spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers as text: 100-199, 408."""
    spans = groupby(enumerate(numbers), key=lambda placed: placed[1] - placed[0])
    ends = [(span[0][1], span[-1][1]) for span in (list(group) for _, group in spans)]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)
