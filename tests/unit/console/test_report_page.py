"""The report's page as text: what it says of a ledger, and that nothing in a ledger becomes markup."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.graph_objects import Figure

from argo.domain.execution import ExecutionState
from argo.domain.signal import Ending, SignalOutcome
from argo.domain.values import iso
from console.report.accounts import Basis, Curve
from console.report.charts import MOST_POINTS, calibration_chart, equity_chart, latency_chart
from console.report.page import MOST_TRADES, page, write
from console.report.prices import closed_times, price_charts
from console.track_record import track_records
from simulation.market.bar_history import BarHistory, Timeframe
from tests.unit.builders import NOW
from tests.unit.console.ledgers import a_denial, a_fill, a_history, a_reading, a_trade, day

HOUR = timedelta(hours=1)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
WON = a_trade(a_fill("entry", 100, day(0) + HOUR), a_fill("take_profit", 110, day(2) + HOUR), profit=100)
HELD = a_trade(a_fill("entry", 50, day(3) + HOUR), number=3)
DENIED = a_denial("price_drifted", 1)
READING = a_reading(HELD, DENIED, WON)
HISTORY = a_history(90, 105, 120, 45, 44)


def written(reading, **more):
    return page(reading, **{"subject": "a test", "written_at": NOW, "history": None, "virtual_time": False} | more)


def embedded(text):
    """Return the data that the page's script draws."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


class Words(HTMLParser):
    """The page's elements and the words that a person reads on it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self._silent = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in {"script", "style"}

    def handle_endtag(self, _tag):
        self._silent = False

    def handle_data(self, data):
        if not self._silent:
            self.words += data.split()

    @property
    def text(self):
        return " ".join(self.words)


def test_an_empty_ledger_is_a_page_that_says_so_and_runs_no_script():
    shown = Words(written(a_reading()))

    assert "The ledger holds no signal of the days asked for" in shown.text
    assert "script" not in [tag for tag, _ in shown.tags]


def test_the_page_says_where_the_signals_went():
    shown = Words(written(READING, history=HISTORY)).text

    assert "It adds up. 3 signals" in shown
    assert "Sent to the account 3" in shown
    assert "Eligible 1 denied by the gate 2" in shown
    assert "Entry filled 2" in shown
    assert "Position closed 1 open 1" in shown
    assert "price_drifted The market has moved too far from the signal's entry price 1" in shown


def test_a01_a_gap_is_the_first_thing_the_page_says():
    lost = replace(READING.records[0], stored=None)

    shown = Words(written(replace(READING, records=[lost, *READING.records[1:]]))).text

    assert "It does not add up. argo: a gap of -1." in shown


def test_an_execution_without_its_signal_is_summed_up_though_it_cannot_be_drawn():
    orphan = replace(READING, records=[replace(READING.records[-1], stored=None)])

    text = written(orphan)

    assert embedded(text)["prices"] == {}
    assert "Position closed 1" in Words(text).text
    assert "Signals on price" not in Words(text).text


def test_a01_silence_is_the_first_thing_the_page_says():
    silent = a_denial("broker_unreachable", state=ExecutionState.EXPIRED)

    shown = Words(written(a_reading(silent))).text

    assert "It does not add up. argo: 1 eligible signals, not one order." in shown


def test_an_unresolved_signal_is_listed_with_what_stands_in_its_way():
    waiting = a_denial(None, state=ExecutionState.UNKNOWN, obstacle="outcome_unknown")

    shown = Words(written(a_reading(WON, waiting))).text

    assert f"UNKNOWN outcome_unknown {waiting.signal_id}" in shown
    assert "a place in the list of the unresolved" in shown


@pytest.mark.parametrize(
    "hostile",
    [
        a_denial(HOSTILE, 1),
        a_denial("other", 1, state=ExecutionState.REJECTED, detail={"message": HOSTILE}),
        a_denial(None, 1, state=ExecutionState.UNKNOWN, obstacle=HOSTILE),
    ],
    ids=["reason", "broker's message", "obstacle"],
)
def test_nothing_a_ledger_holds_becomes_markup(hostile):
    harmless = Words(written(a_reading(WON, DENIED), history=HISTORY))

    text = written(a_reading(WON, hostile, state_reason=HOSTILE), subject=HOSTILE, history=HISTORY)

    scripts = [attributes for tag, attributes in Words(text).tags if tag == "script"]
    assert scripts == [attributes for tag, attributes in harmless.tags if tag == "script"]
    assert "img" not in [tag for tag, _ in Words(text).tags]
    assert HOSTILE in Words(text).text
    assert HOSTILE not in text
    (layer,) = embedded(text)["prices"]["AAPL"]["layers"].values()
    assert not any("<img" in hover for trace in layer["traces"] for hover in trace.get("text", []))


def test_a_ledger_without_bars_is_drawn_with_its_own_prices():
    data = embedded(written(READING))

    assert data["prices"]["AAPL"]["bars"] is None
    marked = {trace["name"]: len(trace["x"]) for trace in data["prices"]["AAPL"]["layers"]["argo"]["traces"]}
    assert marked == {"target": 6, "stop": 6, "signal, not traded": 1, "gained": 3, "lost": 0, "open": 1}


def test_a_position_that_is_left_in_part_is_open():
    part = a_trade(a_fill("entry", 100, day(0)), a_fill("take_profit", 110, day(1), 4))

    shown = Words(written(a_reading(part))).text

    assert "buy \N{EN DASH} \N{EN DASH} open 10 100.00 95.00 110.00 110.00" in shown


def test_latencies_of_a_played_market_are_said_to_be_virtual():
    assert "not a clock's" in Words(written(READING, virtual_time=True)).text
    assert "not a clock's" not in Words(written(READING)).text
    assert "argo 2 2.0 s 2.0 s 2.0 s" in Words(written(READING)).text


def test_only_as_many_trades_are_listed_as_a_person_reads():
    closed = [
        a_trade(a_fill("entry", 100, day(n)), a_fill("exit", 99, day(n) + HOUR), profit=-10, number=n)
        for n in range(MOST_TRADES + 5)
    ]

    shown = Words(written(a_reading(*closed)))

    assert f"The newest {MOST_TRADES} of {len(closed)}" in shown.text
    assert closed[-1].signal_id[:8] in shown.words
    assert closed[0].signal_id[:8] not in shown.words


def test_the_report_is_written_where_it_is_asked_for(tmp_path):
    path = tmp_path / "new" / "report.html"

    write(path, page(READING, subject="a test", written_at=NOW, history=HISTORY))

    assert path.read_text(encoding="utf-8") == written(READING, history=HISTORY)
    assert path.stat().st_size < 6_000_000


def judged(ending):
    stored = READING.signals[0]
    return replace(stored, outcome=SignalOutcome(ending=ending, at=NOW, bars=1, price=1, realised_r=1))


LONG = Curve(Basis.MARKED, [(day(number), 1_000 + number % 7 * (-1) ** number) for number in range(20_000)])


@pytest.mark.parametrize(
    "figure",
    [
        equity_chart(LONG, Curve(Basis.REALISED, LONG.points[:2])),
        equity_chart(Curve(Basis.PROFIT, LONG.points[:3]), Curve(Basis.PROFIT, LONG.points[:3])),
        latency_chart({"argo": [HOUR, HOUR / 3], "prop_firm": []}),
        calibration_chart(track_records([judged(Ending.TARGET), judged(Ending.STOP)])[0]),
        {"data": price_charts(READING, HISTORY)["AAPL"]["layers"]["argo"]["traces"], "layout": {}},
    ],
    ids=["marked", "profit", "latency", "calibration", "prices"],
)
def test_every_chart_is_one_that_plotly_knows(figure):
    known = Figure(coloured(figure))

    assert len(known.data) == len(figure["data"])
    assert all(len(trace["x"]) <= MOST_POINTS + 2 for trace in figure["data"])


def coloured(part):
    """Return a figure as the page's script completes it: the names of colours become colours."""
    if isinstance(part, list):
        return [coloured(each) for each in part]
    if isinstance(part, dict):
        return {key: "#000" if key.endswith("color") else coloured(value) for key, value in part.items()}
    return part


def test_a_thinned_line_keeps_its_highest_and_its_lowest_point():
    spiked = [*LONG.points]
    spiked[777], spiked[15_001], spiked[-1] = (day(777), 5_000), (day(15_001), 2), (day(20_001), 1_000)

    (line,) = (
        each for each in equity_chart(Curve(Basis.MARKED, spiked), LONG)["data"] if each["name"] == "equity"
    )

    assert {2, 5_000} <= set(line["y"])
    assert (line["x"][0], line["x"][-1]) == (iso(day(0)), iso(day(20_001)))


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_the_share_it_is_of_and_stays_within_all_and_nothing(samples, data):
    hits = data.draw(st.integers(0, samples))
    signals = [judged(Ending.TARGET)] * hits + [judged(Ending.STOP)] * (samples - hits)

    _, points = calibration_chart(track_records(signals)[0])["data"]

    (true,), (above,), (below,) = points["y"], points["error_y"]["array"], points["error_y"]["arrayminus"]
    assert true == pytest.approx(100 * hits / samples)
    assert -1e-9 <= true - below <= true + 1e-9
    assert true - 1e-9 <= true + above <= 100 + 1e-9


def test_an_interval_is_wilsons():
    signals = [judged(Ending.TARGET)] * 5 + [judged(Ending.STOP)] * 5

    _, points = calibration_chart(track_records(signals)[0])["data"]

    (above,), (below,) = points["error_y"]["array"], points["error_y"]["arrayminus"]
    assert (50 - below, 50 + above) == (pytest.approx(23.66, abs=0.01), pytest.approx(76.34, abs=0.01))


def test_nights_are_left_out_of_bars_within_the_day():
    minutes = BarHistory(HISTORY.bars, Timeframe.parse("1Hour"))

    assert closed_times(minutes)[0] == {"bounds": ["2026-03-02T21:00:00Z", "2026-03-03T15:00:00Z"]}
    assert closed_times(HISTORY) == []
