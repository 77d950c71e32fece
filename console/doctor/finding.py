"""What a check says, and what is said where it could not look."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from argo.domain.tables import ConfigurationError


class Level(StrEnum):
    """How bad a finding is; only what is broken makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it; the check's name and what it looked at are put in by its list."""

    level: Level
    seen: str
    cure: str = ""
    check: str = ""
    subject: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as plain JSON."""
        known = asdict(self)
        return {name: str(known[name]) for name in ("check", "subject", "level", "seen", "cure")}


def ok(seen: str) -> Finding:
    """Return a finding that needs nothing done."""
    return Finding(Level.OK, seen)


def warning(seen: str, cure: str) -> Finding:
    """Return a finding that a person should know of; Argo trades."""
    return Finding(Level.WARNING, seen, cure)


def broken(seen: str, cure: str) -> Finding:
    """Return a finding of something that keeps Argo from trading, or from keeping its promises."""
    return Finding(Level.BROKEN, seen, cure)


def not_looked_at(why: str) -> Finding:
    """Return a finding of nothing: what it needs is missing."""
    return Finding(Level.NOT_LOOKED_AT, why)


class NotKnown(ConfigurationError):
    """Something could not be read: what, why, and what to do about it."""

    def __init__(self, what: str, problem: str, cure: str) -> None:
        """Keep what is missing."""
        super().__init__(f"{what}: {problem}; {cure}")
        self.what = what
        self.problem = problem
        self.cure = cure


def known[T](found: T | NotKnown) -> T:
    """Return what was read.

    Raises:
        NotKnown: it could not be read.
    """
    if isinstance(found, NotKnown):
        raise found
    return found
