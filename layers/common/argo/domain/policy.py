"""A policy as a table, which `argo docs` writes into docs/policies.md; tests hold it against what is decided."""

from typing import NamedTuple


class Policy(NamedTuple):
    """One row: what is seen, what it means, what is done; ``answer`` is the type of what is decided, or raised."""

    evidence: str
    meaning: str
    action: str
    answer: type
