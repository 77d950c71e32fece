"""What the trials prove: how soon each wrong policy was caught, and a trial's hash; shown as docs/proof.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trials.faults import Fault
from trials.referee import Rule
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
    caught: Mapping[str, Caught]


def read_record(path: Path = RECORD) -> Record:
    """Return what `make prove` has found."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Record(Traced(**kept["traced"]), {name: Caught(**known) for name, known in kept["mutants"].items()})


def write_record(record: Record, path: Path = RECORD) -> None:
    """Keep what was found."""
    kept = {
        "traced": asdict(record.traced),
        "mutants": {name: asdict(known) for name, known in record.caught.items()},
    }
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def proof(caught: Mapping[str, Caught]) -> str:
    """Return docs/proof.md; a wrong policy of which nothing is known yet says so."""
    wrong = [
        (f"`{name}`", policy.wrong, policy.failure or "-", *_told(caught.get(name)))
        for name, policy in WRONG_POLICIES.items()
    ]
    sections = (
        _ABOUT,
        _table(
            "Wrong policies",
            ("policy", "what it does", "failure it brings back", "first caught at seed", "by the rules"),
            wrong,
        ),
        _table("Rules", ("rule", "what must hold"), ((f"`{rule}`", rule.meaning) for rule in Rule)),
        _table("Faults", ("fault", "what happens"), ((f"`{fault}`", fault.meaning) for fault in Fault)),
    )
    return "\n\n".join(sections) + "\n"


def _told(known: Caught | None) -> tuple[str, str]:
    if known is None:
        return "never", "-"
    return str(known.seed), ", ".join(f"`{rule}`" for rule in known.rules)


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(cells)} |" for cells in (headings, *rows))
    return f"## {title}\n\n{next(lines)}\n|{'---|' * len(headings)}\n" + "\n".join(lines)
