"""The charts as Plotly reads them: plain data. A colour is the name of one of the page's own."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

from argo.domain.values import iso
from console.report.accounts import Basis, Curve
from console.track_record import TrackRecord

type Figure = dict[str, Any]
"""``data`` and ``layout``, as plain JSON; a value of a key that ends in ``color`` is a custom property in CSS."""

MOST_POINTS = 2_000
"""How many points of a line are drawn: more than a screen has dots."""

_Z = 1.959964
"""The standard normal distribution's 97.5 % point: intervals are of 95 %."""


def scatter(mode: str, **more: object) -> Figure:
    return {"type": "scatter", "mode": mode, **more}


def equity_chart(shown: Curve, realised: Curve) -> Figure:
    """Draw an account's equity above its drawdown; realised profit beside an equity that is marked."""
    kept = _kept(shown)
    falls = shown.drawdown_shares or shown.drawdowns
    shares = shown.drawdown_shares is not None
    shape = "linear" if shown.basis is Basis.MARKED else "hv"
    beside = _line(
        "realised", realised.points, "realised %{y:,.2f} USD", color="--muted", width=1, shape="hv", dash="dot"
    )
    equity = [shown.points[number] for number in kept]
    above = _line(
        "equity" if shares else "profit", equity, "%{y:,.2f} USD", color="--accent", width=1.75, shape=shape
    )
    fallen = [(shown.points[number][0], falls[number]) for number in kept]
    written = f"drawdown %{{y:{',.2%' if shares else ',.2f'}}}"
    below = _line("drawdown", fallen, written, color="--loss", width=1, shape=shape)
    below |= {"yaxis": "y2", "fill": "tozeroy", "fillcolor": "--loss-soft"}
    layout = {
        "hovermode": "x unified",
        "showlegend": False,
        "xaxis": {"type": "date", "anchor": "y2"},
        "yaxis": {"domain": [0.36, 1], "title": {"text": "USD"}, "tickformat": ",~f", "nticks": 6},
        "yaxis2": {
            "domain": [0, 0.28],
            "title": {"text": "drawdown" if shares else "drawdown, USD"},
            "tickformat": ".1~%" if shares else ",~f",
            "rangemode": "tozero",
            "nticks": 4,
        },
    }
    return {"data": [beside, above, below] if shown.basis is Basis.MARKED else [above, below], "layout": layout}


def _line(name: str, points: Sequence[tuple[datetime, Decimal | float]], told: str, **line: object) -> Figure:
    return scatter(
        "lines",
        name=name,
        x=[iso(at) for at, _ in points],
        y=[float(amount) for _, amount in points],
        line=line,
        hovertemplate=f"{told}<extra></extra>",
    )


def latency_chart(latencies: Mapping[str, Sequence[timedelta]]) -> Figure:
    """Draw the share of orders that were accepted within a time, a line per account."""
    data = [
        scatter(
            "lines",
            name=executor,
            x=[max(each.total_seconds(), 0.001) for each in sorted(measured)],
            y=[(number + 1) / len(measured) for number in range(len(measured))],
            line={"color": f"--series-{number % 4 + 1}", "width": 1.75, "shape": "hv"},
            hovertemplate=f"{executor}: %{{y:.1%}} within %{{x:,.3~f}} s<extra></extra>",
        )
        for number, (executor, measured) in enumerate(latencies.items())
        if measured
    ]
    layout = {
        "hovermode": "closest",
        "showlegend": len(data) > 1,
        "xaxis": {
            "type": "log",
            "title": {"text": "seconds from signal to accepted order"},
            "tickformat": "~g",
            "dtick": "D2",
        },
        "yaxis": {"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "share of orders"}},
    }
    return {"data": data, "layout": layout}


def calibration_chart(record: TrackRecord) -> Figure:
    """Draw how often votes came true against what they promised, with intervals of 95 % (Wilson 1927)."""
    buckets = record.calibration
    came_true = [100 * bucket.frequency for bucket in buckets]
    intervals = [_interval(bucket.frequency, bucket.samples) for bucket in buckets]
    dotted = {"color": "--muted", "width": 1, "dash": "dot"}
    promised = scatter("lines", x=[0, 100], y=[0, 100], hoverinfo="skip", line=dotted)
    found = scatter(
        "markers",
        x=[bucket.mean_confidence for bucket in buckets],
        y=came_true,
        customdata=[bucket.samples for bucket in buckets],
        marker={"color": "--accent", "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * high - true for (_, high), true in zip(intervals, came_true, strict=True)],
            "arrayminus": [true - 100 * low for (low, _), true in zip(intervals, came_true, strict=True)],
            "color": "--accent",
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="promised %{x:.1f}%, came true %{y:.1f}%<br>%{customdata} votes<extra></extra>",
    )
    layout = {
        "hovermode": "closest",
        "showlegend": False,
        "xaxis": {"range": [48, 101], "title": {"text": "confidence, %"}, "dtick": 10},
        "yaxis": {"range": [-2, 102], "title": {"text": "came true, %"}, "dtick": 25},
    }
    return {"data": [promised, found], "layout": layout}


def _kept(curve: Curve) -> list[int]:
    """Return which points are drawn: of a long curve, the lowest and the highest of each stretch, and the ends."""
    amounts: Sequence[tuple[datetime, Decimal]] = curve.points
    if len(amounts) <= MOST_POINTS:
        return list(range(len(amounts)))
    length = 2 * len(amounts) // MOST_POINTS + 1
    kept = {0, len(amounts) - 1}
    for begin in range(0, len(amounts), length):
        stretch = range(begin, min(begin + length, len(amounts)))
        kept |= {min(stretch, key=lambda at: amounts[at][1]), max(stretch, key=lambda at: amounts[at][1])}
    return sorted(kept)


def _interval(share: float, samples: int) -> tuple[float, float]:
    """Return Wilson's interval of a share: honest also for a handful of samples, and within 0 and 1."""
    spread = _Z * sqrt(share * (1 - share) / samples + _Z**2 / (4 * samples**2))
    middle, scale = share + _Z**2 / (2 * samples), 1 + _Z**2 / samples
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)
