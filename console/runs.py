"""What a local run leaves behind: the emulator's state, the logs, the report, and which bars it played."""

import json
import shutil
from datetime import date
from pathlib import Path

from simulation.market.bar_history import BarHistory
from simulation.market.bars import load_bars


class RunRecord:
    """The directory of a run.

    Attributes:
        aws: where the emulator keeps its state.
        log: the functions' structured logs, a JSON object a line.
        report: a page for a browser.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.aws, self.log, self.report = directory / "aws", directory / "log.jsonl", directory / "report.html"
        self._played = directory / "played.json"

    def clear(self) -> None:
        """Remove what an earlier run left here."""
        shutil.rmtree(self.aws, ignore_errors=True)
        for each in (self.log, self.report, self._played):
            each.unlink(missing_ok=True)

    def take_the_place_of(self, directory: Path) -> "RunRecord":
        """Move the run to where an earlier one may be kept, and return it there."""
        shutil.rmtree(directory, ignore_errors=True)
        return RunRecord(self.directory.rename(directory))

    @property
    def was_played(self) -> bool:
        """True when its times are those of bars that were played."""
        return self._played.exists()

    def remember_bars(self, path: Path, first: date | None, last: date | None) -> None:
        """Note which bars were played: the file, and the exchange dates within it, None for no bound."""
        played = {
            "bars": str(path.resolve()),
            "from": first and first.isoformat(),
            "to": last and last.isoformat(),
        }
        self._played.write_text(json.dumps(played), encoding="utf-8")

    def played(self) -> BarHistory | None:
        """Read the bars that were played; None where none were.

        Raises:
            BarsFileError: their file is not there any more, or not as it was.
        """
        if not self.was_played:
            return None
        played = json.loads(self._played.read_text(encoding="utf-8"))
        first, last = (date.fromisoformat(day) if day else None for day in (played["from"], played["to"]))
        return load_bars(played["bars"]).between(first, last)
