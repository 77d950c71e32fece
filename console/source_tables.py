"""How sources' track records look."""

from collections.abc import Sequence

from rich.table import Table

from console.tables import percent, plain_table
from console.track_record import TrackRecord


def record_table(found: Sequence[TrackRecord], *, judged: int, of: int) -> Table:
    """Return a line per source and regime."""
    figures = (">votes", ">target", ">stop", ">expiry", ">hit rate", ">average R", ">Brier")
    rows = (
        (
            record.source if record.regime is None else "",
            record.regime or "all",
            str(record.samples),
            *(str(count) for count in (record.target, record.stop, record.expiry)),
            percent(record.hit_rate),
            f"{record.average_r:+.2f}",
            f"{record.brier:.3f}",
        )
        for record in found
    )
    title = f"Sources: {judged} of {of} signals have a known outcome"
    return plain_table(title, "source", "regime", *figures, rows=rows)


def calibration_table(found: Sequence[TrackRecord]) -> Table:
    """Return confidence against frequency, a line per source, regime and range of confidence."""
    figures = (">confidence", ">votes", ">mean confidence", ">came true")
    rows = (
        (
            record.source if not number and record.regime is None else "",
            (record.regime or "all") if not number else "",
            bucket.confidence,
            str(bucket.samples),
            f"{bucket.mean_confidence:.1f}%",
            percent(bucket.frequency),
        )
        for record in found
        for number, bucket in enumerate(record.calibration)
    )
    title = "Calibration: what was promised, and how often it came true"
    return plain_table(title, "source", "regime", *figures, rows=rows)
