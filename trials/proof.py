"""What the trials prove: how soon each mutant was caught, and a trial's hash; shown as docs/proof.md."""

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

_BEGIN, _END = "<!-- mutants: written by `make docs` -->", "<!-- mutants: end -->"

_ABOUT = """# What the fault simulation proves

Written by `make prove` and `make docs`. A trial is the whole path from a signal to its order's end: the functions'
own code, run as Lambda runs it, on a ledger, a queue, a broker and a clock in memory, with faults at every effect,
all of them drawn from one seed. `argo simulate --seeds 1000` runs seeds; a failing one is made small and told as a
story. `argo simulate --seed N` runs one again, with the same trace hash on every machine: `make test` compares one
with that of the machine on which this was written.

Right code breaks no rule. That the rules would notice is shown by the mutants: policies as people get them wrong,
each put in the right one's place for a trial. Every one of them must be caught. The failures that they bring back
are rows of [failures](failures.md)."""


@dataclass(frozen=True, slots=True)
class Caught:
    """The first seed, of trials of so many signals, at which a mutant broke rules, and which."""

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
    """What is known of each mutant, by its name, and a trial that every machine runs alike."""

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
    """Return docs/proof.md; a mutant of which nothing is known yet says so."""
    mutants = [
        (f"`{name}`", mutant.wrong, mutant.failure or "-", *_told(caught.get(name)))
        for name, mutant in WRONG_POLICIES.items()
    ]
    sections = (
        _ABOUT,
        _table(
            "Mutants",
            ("mutant", "what it does", "failure it brings back", "first caught at seed", "by the rules"),
            mutants,
        ),
        _table("Rules", ("rule", "what must hold"), ((f"`{rule}`", rule.meaning) for rule in Rule)),
        _table("Faults", ("fault", "what happens"), ((f"`{fault}`", fault.meaning) for fault in Fault)),
    )
    return "\n\n".join(sections) + "\n"


def with_mutants(readme: str, caught: Mapping[str, Caught]) -> str:
    """Return README with its table of mutants as it is now.

    Raises:
        ValueError: README has no place for it.
    """
    before, began, rest = readme.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not (began and ended):
        raise ValueError(f"README.md has no place for the mutants, between {_BEGIN} and {_END}")
    seeds = [caught[name].seed for name in WRONG_POLICIES if name in caught]
    last = max(seeds, default=0)
    summary = f"{len(seeds)} of {len(WRONG_POLICIES)} wrong policies are caught, the last by seed {last}"
    rows = [(mutant.wrong, *_told(caught.get(name))) for name, mutant in WRONG_POLICIES.items()]
    table = "\n".join(_rows(("a worker that", "seeds it survives", "what the next one breaks"), rows))
    folded = f"<details>\n<summary>{summary}</summary>\n\n{table}\n\n</details>"
    return f"{before}{began}\n{folded}\n{ended}{after}"


def _told(known: Caught | None) -> tuple[str, str]:
    if known is None:
        return "never", "-"
    return str(known.seed), ", ".join(f"`{rule}`" for rule in known.rules)


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n" + "\n".join(_rows(headings, rows))


def _rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(headings)} |",
        f"|{'---|' * len(headings)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
