"""What is valid at each door: what Hypothesis changes a little, and what atheris begins with."""

import gzip
import json

from simulation.market.bars import COLUMNS
from tests.fuzz.broker_wire import METHODS
from tests.unit.api.counter import BUY, sample
from tests.unit.builders import a_message, a_vote
from worlds.paths import CONFIGURATION, PROJECT, SAMPLE_BARS

MESSAGE = json.loads(a_message(votes=[a_vote()], mood="bullish"))

CONFIGURATION_LINES = CONFIGURATION.read_text(encoding="utf-8").splitlines()

DAYS = [
    list(COLUMNS),
    *([f"2013-03-0{day}", "AAPL", "10", "12", "9", "11", "1000"] for day in range(1, 5)),
    ["2013-03-01", "BTC/USD", "1.5", "2", "1", "1.25", "0.001"],
]
MINUTES = [
    list(COLUMNS),
    *([f"2013-03-01T14:3{minute}:00Z", "AAPL", "10", "12", "9", "11", "0"] for minute in range(4)),
]

_LEG = {
    "id": "leg",
    "side": "sell",
    "type": "stop",
    "status": "held",
    "qty": "12",
    "stop_price": "95",
    "legs": None,
}
_ORDER = {
    "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    "client_order_id": "argo-argo-0123456789abcdef01234567-entry",
    "submitted_at": "2026-03-02T15:01:05.123456789Z",
    "filled_at": None,
    "symbol": "AAPL",
    "qty": "12",
    "filled_qty": "5",
    "filled_avg_price": "100.2417",
    "order_class": "bracket",
    "type": "limit",
    "side": "buy",
    "limit_price": "100.25",
    "status": "partially_filled",
    "replaced_by": None,
    "legs": [_LEG, _LEG | {"id": "other", "type": "limit", "limit_price": "110"}],
}
_ACCOUNT = {
    "status": "ACTIVE",
    "trading_blocked": False,
    "account_blocked": False,
    "trade_suspended_by_user": False,
    "shorting_enabled": True,
    "equity": "100000",
    "last_equity": "99000",
    "cash": "50000.25",
    "buying_power": "200000",
    "non_marginable_buying_power": "50000",
}
_POSITION = {
    "symbol": "BTCUSD",
    "qty": "-0.5",
    "qty_available": "0",
    "avg_entry_price": "70000.1",
    "market_value": "-35000",
}
_CLOCK = {
    "timestamp": "2026-03-02T10:00:00.123456789-05:00",
    "is_open": True,
    "next_open": "2026-03-03T09:30:00-05:00",
    "next_close": "2026-03-02T16:00:00-05:00",
}
_BAR = {"t": "2026-03-02T14:30:00Z", "o": 1, "h": 1.5, "l": 0.5, "c": 1.25, "v": 100}
ANSWERS = dict.fromkeys(METHODS, _ORDER) | {
    "account": _ACCOUNT,
    "clock": _CLOCK,
    "positions": [_POSITION],
    "open_orders": [_ORDER],
    "closed_orders": [_ORDER],
    "asset": {"tradable": True, "shortable": True, "fractionable": False},
    "bars": {"bars": {"AAPL": [_BAR], "BTC/USD": [_BAR]}, "next_page_token": None},
    "latest_prices": {"trades": {"AAPL": {"p": 100.5}, "BTC/USD": {"p": 70_000}}},
}
PROBLEM = {"code": 42210000, "message": "stop price must be below the base price", "base_price": "9.5"}

EVENTS = [
    sample("execute") | {"body": json.dumps(BUY)},
    *(sample(name) for name in ("halt", "health", "signal", "signals", "status")),
]


def answer_to(method: str, raw: bytes) -> bytes:
    """Return an HTTP response as the door for Alpaca takes it: behind a byte for the question."""
    return bytes([METHODS.index(method)]) + raw


def response(status: int, body: bytes, headers: tuple[bytes, ...] = ()) -> bytes:
    """Return an HTTP response."""
    lines = [b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", body])


def csv(rows: list[list[str]]) -> bytes:
    """Return rows as a file."""
    return "\n".join(map(",".join, rows)).encode()


def seeds() -> dict[str, list[bytes]]:
    """Return the beginnings of every door's corpus."""
    records = json.loads((PROJECT / "events" / "execute-batch.json").read_text(encoding="utf-8"))["Records"]
    bodies = (PROJECT / "events" / "api-execute-malformed.json").read_bytes()
    some_bars = gzip.decompress(SAMPLE_BARS.read_bytes())[:2_000].rpartition(b"\n")[0]
    return {
        "message": [json.dumps(MESSAGE).encode(), *(record["body"].encode() for record in records)],
        "configuration": [
            CONFIGURATION.read_bytes(),
            (PROJECT / "events" / "argo-sample.toml").read_bytes(),
            b"watchlist = ['AAPL']\nsources = {}\n[accounts.argo]\nminimum_confidence = 75\n"
            b"base_size_percent = 10\nsize_cap_percent = 15\n",
        ],
        "bars_file": [csv(DAYS), csv(MINUTES), some_bars, gzip.compress(some_bars, mtime=0)],
        "alpaca": [
            *(answer_to(method, response(200, json.dumps(ANSWERS[method]).encode())) for method in METHODS),
            *(answer_to("submit", response(status, json.dumps(PROBLEM).encode())) for status in (401, 422, 429)),
        ],
        "api": [bodies, *(json.dumps(event).encode() for event in EVENTS)],
    }
