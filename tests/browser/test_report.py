"""The report in a real browser, of a ledger that the real handlers have filled."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from console.main import app
from console.report.page import page, write
from console.runs import RunRecord
from tests.unit.builders import NOW
from tests.unit.console.ledgers import a_denial, a_fill, a_history, a_reading, a_trade, day

pytestmark = pytest.mark.deep

HOSTILE = "</script><script>document.title='hacked'</script><img src=x onerror=alert(1)>"
COUNTS = ("signals", "with_order", "gap")


def argo(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "500", "ARGO_STACK": None})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Half a year of real bars through the handlers on ministack; the page that the run wrote at its end."""
    directory = tmp_path_factory.mktemp("run")
    shown = argo("run", "--from", "2012-09-04", "--to", "2013-03-01", "--state", directory, "--rows", 1)
    record = RunRecord(directory)
    assert shown.splitlines()[-1] == f"Report: {record.report}"
    return record


@pytest.fixture(scope="module")
def ledger(run):
    """What the ledger says of its accounts, as `argo audit` sums it up and `argo status` reads it."""
    sums = {
        each["executor"]: each
        for each in json.loads(argo("audit", "--json", "--state", run.directory))["accounts"]
    }
    states = {each["executor"]: each for each in json.loads(argo("status", "--json", "--state", run.directory))}
    return sums, states


def number(text):
    """Read a number as the page writes it."""
    return float(re.search(r"-?[\d,.]+", text.replace("\N{MINUS SIGN}", "-"))[0].replace(",", ""))


def drawn(visit):
    """Return, per chart, how much has been drawn: the length of all that its traces' paths say."""
    return visit.run(
        """() => {
             const lengths = (box) => [...box.querySelectorAll('.trace path')].map(path =>
               (path.getAttribute('d') ?? '').length);
             return Object.fromEntries([...document.querySelectorAll('.chart')].map(box =>
               [box.dataset.chart ?? box.id, lengths(box).reduce((sum, length) => sum + length, 0)]));
           }"""
    )


def test_every_chart_is_drawn_without_an_error_or_a_request(run, visit):
    with visit(run.report) as report:
        charts = drawn(report)

        assert report.errors == []
        assert report.requests == [run.report.resolve().as_uri()]
        assert {"equity-argo", "equity-prop_firm", "price", "calibration-0"} <= charts.keys()
        assert all(length > 50 for length in charts.values()), charts
        assert min(charts["equity-argo"], charts["price"]) > 500


def test_a10_the_numbers_on_the_page_are_the_ledgers(run, ledger, visit):
    sums, _ = ledger
    with visit(run.report) as report:
        table = report.run(
            """() => [...document.querySelectorAll('[data-sum]')]
                 .map(cell => [cell.dataset.account, cell.dataset.sum, Number(cell.textContent)])"""
        )
        cards = report.run(
            """() => [...document.querySelectorAll('.figures')].map(card => Object.fromEntries(
                 [...card.querySelectorAll('dd')].map(cell => [cell.dataset.figure, cell.textContent])))"""
        )

    assert len(table) == 8 * len(sums)
    assert all(sums[account][count] == shown for account, count, shown in table)
    assert sum(summed["with_order"] for summed in sums.values()) > 10
    for summed, card in zip(sums.values(), cards, strict=True):
        assert all(number(card[name]) == summed[name] for name in COUNTS)
        assert number(card["realised_profit"]) == round(float(summed["realised_profit"]), 2)
        assert number(card["execution_rate"]) == round(100 * summed["execution_rate"], 1)


def test_reasons_and_their_counts_are_the_ledgers(run, ledger, visit):
    sums, _ = ledger
    with visit(run.report) as report:
        tables = report.run(
            """() => [...document.querySelectorAll('table.why')].map(table => [table.caption.textContent,
                 [...table.tBodies[0].rows].map(row =>
                   [row.cells[0].firstChild.textContent, Number(row.cells[1].textContent)])])"""
        )

    shown = {title.split(":")[0]: dict(rows) for title, rows in tables}
    assert shown == {name: summed["reasons"] for name, summed in sums.items() if summed["reasons"]}
    assert shown


def test_a10_the_equity_that_was_rebuilt_from_fills_is_the_brokers_to_the_cent(run, ledger, visit):
    _, states = ledger
    with visit(run.report) as report:
        for account, state in states.items():
            last = report.run(f"() => document.querySelector('[data-chart=equity-{account}]').data[1].y.at(-1)")
            assert last == pytest.approx(float(state["equity"]), abs=0.005)


def test_light_and_dark_differ_and_the_charts_follow(run, visit):
    look = """() => [getComputedStyle(document.documentElement).backgroundColor,
                     getComputedStyle(document.body).color,
                     getComputedStyle(document.querySelector('[data-chart] .js-line')).stroke,
                     getComputedStyle(document.querySelector('[data-chart] .xtick text')).fill]"""
    with visit(run.report, scheme="dark") as dark:
        by_night = dark.run(look)
    with visit(run.report) as light:
        by_day = light.run(look)
        light.page.emulate_media(color_scheme="dark")
        light.page.wait_for_function(f"night => String(({look})()) === String(night)", arg=by_night)

    assert all(one != other for one, other in zip(by_day, by_night, strict=True))


def test_on_paper_the_charts_are_dark_on_light_whatever_the_screen_is(run, visit):
    look = "() => getComputedStyle(document.querySelector('[data-chart] .xtick text')).fill"
    with visit(run.report) as light:
        ink = light.run(look)
    with visit(run.report, scheme="dark") as dark:
        dark.run("() => dispatchEvent(new Event('beforeprint'))")
        printed = dark.run(look)
        widest = dark.run(
            "() => Math.max(...[...document.querySelectorAll('.main-svg')].map(svg => svg.clientWidth))"
        )

    assert printed == ink
    assert widest <= 680


def test_on_a_phone_nothing_is_wider_than_the_screen(run, visit):
    with visit(run.report, width=390, phone=True) as report:
        # Plotly fits its charts to the screen a moment after it has drawn them.
        settled = report.run(
            """async () => {
                 const page = document.documentElement
                 for (let tries = 0; tries < 100 && page.scrollWidth > 390; tries++)
                   await new Promise(resolve => setTimeout(resolve, 100))
                 return page.scrollWidth
               }"""
        )
        assert settled == 390
        wide = report.run(
            """() => [...document.querySelectorAll('body *')]
                 .filter(each => !each.closest('.scroll, svg') && each.getBoundingClientRect().right > 390.5)
                 .map(each => each.outerHTML.slice(0, 80))"""
        )
        small = report.run(
            """() => [...document.querySelectorAll('.chart text')]
                 .filter(text => text.textContent && parseFloat(getComputedStyle(text).fontSize) < 11).length"""
        )
        assert (wide, small, report.errors) == ([], 0, [])


def test_every_symbol_and_account_can_be_chosen_and_few_bars_are_candles(run, visit):
    first_shown = """() => {
        const price = document.getElementById('price');
        return [price.data[0].type, Date.parse(price.layout.xaxis.range[0]), Date.parse(price.data[0].x.at(-60))];
    }"""
    caption = "() => document.getElementById('price-caption').textContent"
    with visit(run.report) as report:
        choices = report.run(
            "() => ['symbol', 'account'].map(id => [...document.getElementById(id)].map(o => o.value))"
        )
        for symbol in choices[0]:
            for account in choices[1]:
                report.page.select_option("#symbol", symbol)
                report.page.select_option("#account", account)
                assert report.run(caption).startswith(f"{symbol}: ")
                assert f"traded by {account}" in report.run(caption)
        report.page.select_option("#span", "60")
        kind, begins, sixtieth = report.run(first_shown)
        assert (kind, begins) == ("candlestick", sixtieth)
        assert len(choices[0]) > 3
        assert report.errors == []


def test_a_drag_over_the_price_zooms_until_there_are_candles(run, visit):
    with visit(run.report, width=400) as report:
        assert "candlestick" not in report.run(
            "() => document.getElementById('price').data.map(trace => trace.type)"
        )
        pane = report.page.locator("#price .nsewdrag").first
        pane.scroll_into_view_if_needed()
        box = pane.bounding_box()
        report.page.mouse.move(box["x"] + 100, box["y"] + 100)
        report.page.mouse.down()
        report.page.mouse.move(box["x"] + 180, box["y"] + 100, steps=4)
        report.page.mouse.up()
        report.page.wait_for_function("() => document.getElementById('price').data[0].type === 'candlestick'")
        assert report.errors == []


def test_the_report_can_be_written_again_from_the_ledger(run, tmp_path):
    path = tmp_path / "again.html"

    assert argo("report", "--state", run.directory, "--output", path).strip() == str(path)

    first, again = (
        re.sub(r"written [-\d: ]+ UTC", "", each.read_text(encoding="utf-8")) for each in (run.report, path)
    )
    assert again == first


def test_what_a_ledger_holds_is_text_also_when_it_is_pointed_at(tmp_path, visit):
    hostile = a_denial(HOSTILE, 1, detail={"message": HOSTILE})
    won = a_trade(a_fill("entry", 100, day(0)), a_fill("take_profit", 110, day(2)), profit=100)
    path = tmp_path / "hostile.html"
    reading = a_reading(won, hostile, state_reason=HOSTILE)
    write(path, page(reading, subject=HOSTILE, written_at=NOW, history=a_history(100, 101, 102)))

    with visit(path) as report:
        signal = report.page.locator("#price .trace .point").first
        signal.scroll_into_view_if_needed()
        at = signal.bounding_box()
        report.page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        told = report.page.locator("#price .hoverlayer .hovertext")
        told.wait_for()

        assert "</script><script>document.title" in told.text_content()
        assert HOSTILE in report.page.locator("table.why").text_content()
        assert report.page.title() == f"Argo: {HOSTILE}"
        assert (report.page.locator("img").count(), report.errors) == (0, [])
        assert report.requests == [path.resolve().as_uri()]


def test_a_script_that_is_not_the_pages_own_may_not_run(run, tmp_path, visit):
    path = tmp_path / "tampered.html"
    text = run.report.read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", "<script>document.title = 'hacked'</script></body>"), encoding="utf-8")

    with visit(path) as report:
        assert report.page.title() != "hacked"
        assert any("Content Security Policy" in error for error in report.errors)


def test_a_report_is_written_also_when_the_bars_are_gone(run, tmp_path):
    kept = RunRecord(tmp_path / "moved")
    shutil.copytree(run.directory, kept.directory)
    kept.remember_bars(tmp_path / "gone.csv", None, None)

    environment = {"COLUMNS": "500", "ARGO_STACK": None}
    result = CliRunner().invoke(app, ["report", "--state", str(kept.directory)], env=environment)

    assert (result.exit_code, result.stdout.strip()) == (0, str(kept.report))
    assert "gone.csv: cannot be read" in result.stderr
    assert '"bars": null' in kept.report.read_text(encoding="utf-8")
