"""`make mutants`: change the rules at places drawn by a seed, and see whether a test notices."""

import argparse
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from tests.mutants.drawing import draw
from tests.mutants.reaching import reaching
from tests.mutants.running import Verdict, judge

_PAGE = Path("docs/mutants.md")
_EQUIVALENT = Path(__file__).with_name("equivalent.toml")
_ABOUT = """# What the tests notice

Written by `make mutants`. It changes the domain and the rules at places drawn by a seed, one at a time, and runs
the tests that reach the place: a comparison or an operator is turned, a number moved, a condition decided or cut
in half, an argument or a call dropped. A change is noticed when one of them fails. Which of the others make no
difference, and why, is written in [equivalent.toml](../tests/mutants/equivalent.toml); they do not count. The same
seed draws the same changes of the same code on every machine."""


def main() -> int:
    """Return 0 when every mutant is noticed or known to be equivalent."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--count", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=60, help="of the quickest tests for each mutant (default: %(default)s)"
    )
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE}")
    options = parser.parse_args()
    mutants, known = draw(options.seed, options.count), reaching()
    verdicts = []
    for verdict in judge(mutants, known, options.seconds):
        verdicts.append(verdict)
        noticed = f"by {verdict.noticed_by}" if verdict.noticed_by else "NOT NOTICED"
        sys.stdout.write(f"{len(verdicts):4} {verdict.mutant.place}  {verdict.mutant.change}\n     {noticed}\n")
        sys.stdout.flush()
    why = {(row["file"], row["change"]): row["why"] for row in tomllib.loads(_EQUIVALENT.read_text())["mutant"]}
    report = _report(options.seed, verdicts, why)
    sys.stdout.write(report)
    if options.write:
        _PAGE.write_text(f"{_ABOUT}\n\n{report}")
    return int(any(verdict.noticed_by is None and _key(verdict) not in why for verdict in verdicts))


def _report(seed: int, verdicts: Sequence[Verdict], why: Mapping[tuple[str, str], str]) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict, of in product(verdicts, ("package", "all")):
        count = counts[verdict.mutant.package if of == "package" else "**all**"]
        count["drawn"] += 1
        count["noticed"] += verdict.noticed_by is not None
        count["equivalent"] += verdict.noticed_by is None and _key(verdict) in why
    lines = [
        f"Seed {seed}, {len(verdicts)} changes:\n",
        "| package | drawn | noticed | equivalent | noticed of those that matter |",
        "|---|---|---|---|---|",
    ]
    for of, count in sorted(counts.items(), reverse=True):
        score = count["noticed"] / max(1, count["drawn"] - count["equivalent"])
        lines.append(f"| {of} | {count['drawn']} | {count['noticed']} | {count['equivalent']} | {score:.1%} |")
    lines += ["\nNot noticed:\n", "| place | change | why it makes no difference |", "|---|---|---|"]
    for verdict in verdicts:
        if verdict.noticed_by is None:
            change = verdict.mutant.change.replace("|", "\\|")
            reason = why.get(_key(verdict), "**no test notices it yet**")
            lines.append(f"| {verdict.mutant.place} | `{change}` | {reason} |")
    return "\n".join([*lines, ""])


def _key(verdict: Verdict) -> tuple[str, str]:
    return str(verdict.mutant.path), verdict.mutant.change


if __name__ == "__main__":
    raise SystemExit(main())
