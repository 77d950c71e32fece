"""The page: what a ledger says, in one HTML file that needs neither a network nor anything beside it."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from console.report import formats
from console.report.accounts import Account, accounts
from console.report.charts import Figure, calibration_chart, equity_chart, latency_chart
from console.report.prices import EXIT_NAMES, closed_times, price_charts
from console.report.reading import Reading
from console.track_record import TrackRecord, track_records
from console.trades import Position, r_multiple
from console.why import meaning
from simulation.market.bar_history import BarHistory

MOST_TRADES = 25
"""How many trades the table lists, the newest."""

_TEMPLATES = Path(__file__).parent / "templates"


def write(path: Path, html: str) -> None:
    """Write a page into a file; its folder is made.

    Raises:
        OSError: the file can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


def page(
    reading: Reading,
    *,
    subject: str,
    written_at: datetime,
    history: BarHistory | None = None,
    virtual_time: bool = False,
) -> str:
    """Return the page's HTML. Whatever the ledger holds is escaped, and no script but the page's own may run.

    ``subject`` says what the ledger is, in a few words. With ``history``, the bars that were played, prices are
    drawn and equities marked to them; ``virtual_time`` says that the records' times are the bars', not a clock's.
    """
    found = accounts(reading, history)
    sources = [source for source in track_records(reading.signals) if source.regime is None]
    prices = price_charts(reading, history)
    scripts = [get_plotlyjs(), _text("page.js")] if reading.records else []
    created = [record.created_at for record in reading.records]
    template = _environment().get_template("page.html")
    return template.render(
        subject=subject,
        modes=reading.modes,
        written_at=written_at,
        records=reading.records,
        period=(min(created), max(created)) if created else None,
        accounts=found,
        positions=_newest(found),
        most_trades=MOST_TRADES,
        sources=sources,
        judged=sources[0].samples if sources else 0,
        prices=prices,
        charts={"charts": _charts(found, sources), "prices": prices, "closed": closed_times(history)},
        virtual_time=virtual_time,
        styles=_text("page.css"),
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
    )


def _charts(found: Sequence[Account], sources: Sequence[TrackRecord]) -> dict[str, Figure]:
    charts = {
        f"equity-{account.name}": equity_chart(account.shown, account.realised)
        for account in found
        if account.shown is not None and account.realised is not None
    }
    charts |= {f"calibration-{number}": calibration_chart(record) for number, record in enumerate(sources)}
    latencies = {account.name: account.latencies for account in found}
    if any(each for measured in latencies.values() for each in measured):
        charts["latency"] = latency_chart(latencies)
    return charts


def _newest(found: Sequence[Account]) -> list[tuple[str, Position]]:
    every = [(account.name, position) for account in found for position in account.positions]
    return sorted(every, key=lambda each: (each[1].entry.at, each[0]), reverse=True)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "leg": lambda leg: EXIT_NAMES.get(leg, leg),
        "meaning": meaning,
        "money": formats.money,
        "percent": formats.percent,
        "percentiles": formats.percentiles,
        "price": formats.price,
        "quantity": formats.quantity,
        "r_multiple": r_multiple,
        "seconds": formats.seconds,
        "signed": formats.signed,
        "time": "{:%Y-%m-%d %H:%M}".format,
    }
    return environment


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """Return a script's hash as a content security policy names it."""
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"
