"""What a local run leaves behind: the emulator's state and the logs."""

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
