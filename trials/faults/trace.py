"""What happened in a run, line by line, and the hash of all of it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One event: at which virtual second, who did what to which record, and how it went."""

    at: float
    who: str
    what: str
    about: str
    how: str

    def __str__(self) -> str:
        """Return the line as a person reads it."""
        return f"{self.at:9.3f}  {self.who:<22} {self.what:<26} {self.about:<42} {self.how}"


class Trace:
    """The run's events in order; two runs are the same when their hashes are."""

    def __init__(self, *, keep: bool = False) -> None:
        """Begin empty; ``keep`` the lines, or hash them only."""
        self._hash = hashlib.sha256()
        self._keep = keep
        self.lines: list[Line] = []
        self.length = 0

    def add(self, at: float, who: str, what: str, about: str, how: str) -> None:
        """Take in an event."""
        self.length += 1
        self._hash.update(f"{at!r}|{who}|{what}|{about}|{how}\n".encode())
        if self._keep:
            self.lines.append(Line(at, who, what, about, how))

    @property
    def digest(self) -> str:
        """The SHA-256 of all events so far, in hex."""
        return self._hash.hexdigest()
