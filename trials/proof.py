"""What the trials prove: how soon each wrong policy was caught, and a trial's hash; shown as docs/proof.md."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

from trials.faults import Fault
from trials.referee.rules import Rule
from trials.wrong_policies import WRONG_POLICIES
from worlds.paths import PROJECT

PROOF = PROJECT / "docs" / "proof.md"
RECORD = PROJECT / "docs" / "proof.json"

_ABOUT = """# What the fault simulation proves

Written by `make prove` and `make docs`. A trial is the whole path from a signal to its order's end: the functions'
own code, run as Lambda runs it, on a ledger, a queue, a broker and a clock in memory, with faults at every effect,
all of them drawn from one seed. `argo simulate --seeds 1000` runs seeds; a failing one is made small and told as a
story. `argo simulate --seed N` runs one again, with the same trace hash on every machine: `make test` compares one
with that of the machine on which this was written.

Right code breaks no rule. That the rules would notice is shown by wrong policies, as people get them wrong: each
is put in the right one's place for a trial, and every one must be caught. The failures that they bring back are
rows of [failures](failures.md)."""


@dataclass(frozen=True, slots=True)
class Caught:
    """The first seed, of trials of so many signals, at which a wrong policy broke rules, and which."""

    seed: int
    signals: int
    rules: Sequence[str]


@dataclass(frozen=True, slots=True)
class Traced:
    """The trace hash of one trial of right code."""

    seed: int
    signals: int
    digest: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of each wrong policy, by its name, and a trial that every machine runs alike."""

    traced: Traced
    caught: Annotated[Mapping[str, Caught], Field(alias="mutants")]


_JSON = TypeAdapter(Record)


def read_record() -> Record:
    """Return what `make prove` has found."""
    return _JSON.validate_json(RECORD.read_bytes())


def write_record(record: Record) -> None:
    """Keep what was found."""
    RECORD.write_bytes(_JSON.dump_json(record, indent=2, by_alias=True) + b"\n")


def proof(caught: Mapping[str, Caught]) -> str:
    """Return docs/proof.md; a wrong policy of which nothing is known yet says so."""
    headings = ("policy", "what it does", "failure it brings back", "first caught at seed", "by the rules")
    policies = []
    for name, policy in WRONG_POLICIES.items():
        known = caught.get(name)
        found = (str(known.seed), ", ".join(f"`{rule}`" for rule in known.rules)) if known else ("never", "-")
        policies.append((f"`{name}`", policy.wrong, policy.failure or "-", *found))
    sections = (
        _ABOUT,
        section("Wrong policies", headings, policies),
        section("Rules", ("rule", "what must hold"), ((f"`{rule}`", rule.meaning) for rule in Rule)),
        section("Faults", ("fault", "what happens"), ((f"`{fault}`", fault.meaning) for fault in Fault)),
    )
    return "\n\n".join(sections) + "\n"


def section(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a heading with a table below it, in Markdown."""
    lines = (f"| {' | '.join(cells)} |" for cells in (headings, *rows))
    return f"## {title}\n\n{next(lines)}\n|{'---|' * len(headings)}\n" + "\n".join(lines)
