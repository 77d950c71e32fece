"""What a local run leaves behind: the emulator's state, the logs, and the days that have signals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The directory of a run."""

    directory: Path

    @property
    def aws(self) -> Path:
        """Where the emulator keeps its state."""
        return self.directory / "aws"

    @property
    def log(self) -> Path:
        """The functions' structured logs, a JSON object a line."""
        return self.directory / "log.jsonl"

    def remember(self, days: Sequence[str]) -> list[str]:
        """Add UTC days that have signals to those of earlier runs and return all, newest first."""
        known = sorted({*self.days(), *days}, reverse=True)
        self._days_file.write_text(json.dumps(known), encoding="utf-8")
        return known

    def days(self) -> list[str]:
        """Return the UTC days that have signals, newest first; none where nothing was run."""
        if not self._days_file.exists():
            return []
        days: list[str] = json.loads(self._days_file.read_text(encoding="utf-8"))
        return days

    @property
    def _days_file(self) -> Path:
        return self.directory / "days.json"
