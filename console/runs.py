"""What a local run leaves behind: the emulator's state and the logs."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The directory of a run."""

    directory: Path

    def begin_anew(self) -> None:
        """Empty the directory."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def take_the_place_of(self, directory: Path) -> "RunRecord":
        """Move the run to where an earlier one may be kept, and return it there."""
        shutil.rmtree(directory, ignore_errors=True)
        return RunRecord(self.directory.rename(directory))

    @property
    def aws(self) -> Path:
        """Where the emulator keeps its state."""
        return self.directory / "aws"

    @property
    def log(self) -> Path:
        """The functions' structured logs, a JSON object a line."""
        return self.directory / "log.jsonl"
