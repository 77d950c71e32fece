"""What a check says, and what is said where it could not look."""

from dataclasses import dataclass
from enum import StrEnum


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
        return {
            "check": self.check,
            "subject": self.subject,
            "level": self.level.value,
            "seen": self.seen,
            "cure": self.cure,
        }


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


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that could not be read: which, why, and what to do about it."""

    what: str
    problem: str
    cure: str


class NotKnown(Exception):
    """A check needs a fact that could not be read."""

    def __init__(self, unread: Unread) -> None:
        """Keep what is missing."""
        super().__init__(unread.problem)
        self.unread = unread


def known[T](fact: T | Unread) -> T:
    """Return a fact.

    Raises:
        NotKnown: it could not be read.
    """
    if isinstance(fact, Unread):
        raise NotKnown(fact)
    return fact
