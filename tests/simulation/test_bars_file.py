import gzip
import os
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import simulation
from simulation.market.bars import BarsFileError, load_bars

DAILY_BARS = Path(simulation.__file__).parent / "data" / "daily_bars_2000-2013.csv.gz"
HEADER = "timestamp,symbol,open,high,low,close,volume\n"
GOOD_ROW = "2013-03-01,AAPL,10,12,9,11,1000\n"


@pytest.fixture
def bars_file(tmp_path):
    def write(text):
        path = tmp_path / "bars.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_vendored_daily_bars_load_whole():
    history = load_bars(DAILY_BARS)

    assert len(history.bars) == 12_154
    assert history.timeframe.name == "1Day"
    assert history.symbols == ("AAPL", "FB", "GOOG", "IBM", "MSFT")
    assert next(iter(history)).start == datetime(2000, 3, 1, 14, 30, tzinfo=UTC)
    assert history.ends == datetime(2013, 3, 1, 21, 0, tzinfo=UTC)


@pytest.mark.skipif("ARGO_MINUTE_BARS" not in os.environ, reason="ARGO_MINUTE_BARS names no minute bars file")
def test_a_minute_bars_file_named_in_the_environment_loads():
    history = load_bars(os.environ["ARGO_MINUTE_BARS"])

    assert history.timeframe.name == "1Min"


def test_columns_may_stand_in_any_order_and_case_beside_others(bars_file):
    path = bars_file("Volume,Note,SYMBOL,Close,Open,Low,High,Timestamp\n7,x,aapl,11,10,9,12,2013-03-01\n")

    (bar,) = load_bars(path).bars

    assert (bar.symbol, bar.open, bar.high, bar.low, bar.close) == ("AAPL", 10, 12, 9, 11)
    assert bar.volume == Decimal(7)


def test_rows_in_any_order_come_out_by_time_and_symbol(bars_file):
    rows = ["2013-03-04,AAPL,10,12,9,11,1\n", "2013-03-01,MSFT,10,12,9,11,1\n", GOOD_ROW]

    steps = list(load_bars(bars_file(HEADER + "".join(rows))))

    assert [[bar.symbol for bar in step.bars] for step in steps] == [["AAPL", "MSFT"], ["AAPL"]]


@pytest.mark.parametrize(
    ("second", "timeframe"), [("14:31", "1Min"), ("14:35", "5Min"), ("14:45", "15Min"), ("15:30", "1Hour")]
)
def test_the_timeframe_is_the_smallest_spacing(bars_file, second, timeframe):
    starts = ["2013-03-01T14:30:00Z", f"2013-03-01T{second}:00Z", "2013-03-01T20:00:00+00:00"]
    rows = "".join(f"{start},AAPL,10,12,9,11,1\n" for start in starts)

    history = load_bars(bars_file(HEADER + rows))

    assert history.timeframe.name == timeframe
    assert history.bars[0].end - history.bars[0].start == history.timeframe.span


def test_prices_outside_the_bar_by_rounding_are_kept(bars_file):
    assert load_bars(bars_file(HEADER + "2013-03-01,AAPL,10,12.0001,9,12.0002,1\n")).bars


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file is empty"),
        (HEADER, "holds no bars"),
        ("timestamp,symbol,open,high,low,close\n", "missing column volume"),
        (HEADER + "2013-03-01,AAPL,ten,12,9,11,1\n", "row 2: column open: not a number: 'ten'"),
        (HEADER + "2013-03-01,AAPL,10,NaN,9,11,1\n", "row 2: column high: not a number: 'NaN'"),
        (HEADER + "2013-03-01,AAPL,10,12,9,11\n", "row 2: column volume: no value"),
        (HEADER + "2013-03-01,AAPL,10,12,0,11,1\n", "column low: a price must be positive, got 0"),
        (HEADER + "2013-03-01,AAPL,10,12,9,11,-1\n", "column volume: must be 0 or more, below"),
        (HEADER + "2013-03-01,AAPL,10,12,9,11,1e18\n", "got 1e18"),
        (HEADER + "2013-03-01,AAPL,10,1e9,9,11,1\n", "column high: a price is below 1,000,000,000 USD, got 1e9"),
        (HEADER + "2013-03-01,AAPL,9e999999,9e999999,9,9.9e999999,1\n", "column open: a price is below"),
        (HEADER + "0001-01-01T00:00:00+14:00,AAPL,10,12,9,11,1\n", "column timestamp: not of 1800 to 2200"),
        (HEADER + "9999-12-31,AAPL,10,12,9,11,1\n", "column timestamp: not of 1800 to 2200: '9999-12-31'"),
        ("\n\n", "the file is empty"),
        (HEADER + "2013-03-01,AAPL,10,9,12,11,1\n", "column high: 9 is below the low, 12"),
        (HEADER + "2013-03-01,AAPL,8,12,9,11,1\n", "column open: 8 is outside the bar's 9 to 12"),
        (HEADER + "2013-03-01,AAPL,10,12,9,13,1\n", "column close: 13 is outside"),
        (HEADER + GOOD_ROW + GOOD_ROW, "row 3: column timestamp: a second bar of AAPL at 2013-03-01"),
        (HEADER + "2013-03-01T14:30:00,AAPL,10,12,9,11,1\n", "a time needs its UTC offset"),
        (HEADER + "01.03.2013,AAPL,10,12,9,11,1\n", "neither a date nor an ISO 8601 time: '01.03.2013'"),
        (HEADER + GOOD_ROW + "2013-03-01T14:30:00Z,AAPL,10,12,9,11,1\n", "dates and times are mixed"),
    ],
)
def test_a_bad_file_is_refused_with_its_place_and_value(bars_file, text, complaint):
    path = bars_file(text)

    with pytest.raises(BarsFileError) as refused:
        load_bars(path)

    assert str(path) in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(("starts", "complaint"), [(30, "whole minutes"), (86_400, "daily bars take a date")])
def test_spacings_that_are_no_timeframe_are_refused(bars_file, starts, complaint):
    moments = [datetime.fromtimestamp(1_362_148_200 + index * starts, UTC).isoformat() for index in range(2)]
    rows = "".join(f"{moment},AAPL,10,12,9,11,1\n" for moment in moments)

    with pytest.raises(BarsFileError, match=complaint):
        load_bars(bars_file(HEADER + rows))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("bars.csv", b"\xff\xfe\x00", "not UTF-8"),
        ("bars.csv.gz", b"plain text", "cannot be read"),
        ("bars.csv.gz", gzip.compress((HEADER + GOOD_ROW).encode(), mtime=0)[:-12], "not a whole gzip file"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, name, content, complaint):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BarsFileError, match=complaint):
        load_bars(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(BarsFileError, match=r"absent\.csv: cannot be read: No such file"):
        load_bars(tmp_path / "absent.csv")


def test_a_bar_history_can_be_cut_by_date_on_both_sides():
    history = load_bars(DAILY_BARS).between(date(2013, 2, 27), date(2013, 2, 28))

    assert [step.start.date() for step in history] == [date(2013, 2, 27), date(2013, 2, 28)]


@pytest.mark.parametrize(
    ("instant", "last_close"),
    [
        (datetime(2026, 8, 5, 22, tzinfo=UTC), datetime(2026, 8, 5, 20, tzinfo=UTC)),
        (datetime(2026, 8, 5, 12, tzinfo=UTC), datetime(2026, 8, 4, 20, tzinfo=UTC)),
        (datetime(2026, 1, 7, 21, tzinfo=UTC), datetime(2026, 1, 7, 21, tzinfo=UTC)),
    ],
)
def test_daily_bars_moved_to_an_instant_end_with_the_last_closed_session(instant, last_close):
    history = load_bars(DAILY_BARS).between(date(2013, 1, 1))

    moved = history.ending_at(instant)

    assert moved.ends == last_close
    assert len(moved) == len(history)
    assert moved.bars[-1].close == history.bars[-1].close
    assert all(f"{bar.start.astimezone():%M}" == "30" for bar in moved.bars)


def test_minute_bars_moved_to_an_instant_end_on_its_minute(bars_file):
    path = bars_file(HEADER + "".join(f"2013-03-01T14:3{m}:00Z,AAPL,10,12,9,11,1\n" for m in range(3)))

    moved = load_bars(path).ending_at(datetime(2026, 8, 5, 15, 0, 42, tzinfo=UTC))

    assert moved.ends == datetime(2026, 8, 5, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("line", [b"x" * 30_000_000, b'"' + b"\n" * 3 + b"x" * 30_000_000])
def test_c85_a_small_file_of_one_endless_line_costs_no_memory(tmp_path, line):
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(HEADER.encode() + line, compresslevel=1, mtime=0))
    del line

    tracemalloc.start()
    with pytest.raises(BarsFileError, match=r"row \d: longer than 65,536 characters"):
        load_bars(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 4_000_000  # bytes


@pytest.mark.parametrize("symbol", ["\u017fpy", "\u00df", "\ufb01"])
def test_c83_a_symbol_of_other_letters_is_named(bars_file, symbol):
    with pytest.raises(BarsFileError, match=f"row 2: column symbol: not a symbol: '{symbol}'"):
        load_bars(bars_file(HEADER + f"2013-03-01,{symbol},10,12,9,11,1000\n"))


def test_c83_a_price_in_other_digits_is_named(bars_file):
    with pytest.raises(BarsFileError, match="column high: not a number"):
        load_bars(bars_file(HEADER + "2013-03-01,AAPL,10,\u0661\u0662,9,11,1000\n"))
