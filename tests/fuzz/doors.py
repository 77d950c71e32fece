"""Argo's doors, each as a function of bytes: whatever comes in, the door's promise holds, or this raises.

Hypothesis calls them with what was valid once (`tests.fuzz.mutations`), atheris with whatever bytes reach new code
(`tests.fuzz.guided`).
"""

import json
import re
from contextlib import suppress
from datetime import timedelta
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel

from argo.domain.config import Configuration
from argo.domain.execution import ExecutionState
from argo.domain.faults import BrokerFault
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Accept, LookUp, after_submit
from argo.domain.tables import ConfigurationError
from argo.environment import Environment, load_configuration
from simulation.market.bar_history import BarHistory
from simulation.market.bars import COLUMNS, BarsFileError, load_bars
from tests.fuzz.broker_wire import METHODS, Alpaca
from tests.fuzz.executor import execute
from tests.unit.api.counter import Counter
from trading_api.routes import answer

GZIP = b"\x1f\x8b"
LONGEST = 2_000
"""Characters of an error: the ledger keeps it in an item of 400 KB at most, and a person has to read it."""

_FOLDER = TemporaryDirectory(prefix="argo-fuzz-")


def message(raw: bytes) -> ExecutionState:
    """A queue's message comes to exactly one end, with its reason, and leaves its batch alone."""
    return execute(raw.decode("utf-8", "surrogateescape"))


def configuration(raw: bytes) -> Configuration | str:
    """argo.toml is a configuration, or an error that names every table, key and value that is wrong."""
    path = _file("argo.toml", raw)
    with suppress(ConfigurationError):
        Environment({"ARGO_CONFIG": str(path), "ARGO_EXECUTOR": "argo"}).profile()
    try:
        return load_configuration(path)
    except ConfigurationError as error:
        said = str(error)
    assert all(line.startswith(f"{path}: ") for line in said.split("\n")), said
    assert all(len(line) <= LONGEST for line in said.split("\n"))
    return said.replace(f"{path}: ", "")


def bars_file(raw: bytes) -> BarHistory | str:
    """A file of bars is a history of what could have traded, or an error that says where it is wrong."""
    path = _file("bars.csv.gz" if raw.startswith(GZIP) else "bars.csv", raw)
    try:
        history = load_bars(path)
    except BarsFileError as error:
        return _told(str(error).removeprefix(str(path)))
    assert len(history)
    for bar in history.bars:
        assert bar.start < bar.end
        assert 0 < bar.low <= bar.high
        assert isfinite(float(bar.high * bar.volume))
    history.calendar().next_close(history.ends)
    history.ending_at(history.ends + timedelta(days=30))
    return history


def _told(said: str) -> str:
    in_a_row = re.match(r", row \d+: column (\w+): ", said)
    assert in_a_row or said.startswith((": ", ", row ")), said
    assert not in_a_row or in_a_row[1] in COLUMNS
    assert len(said) <= LONGEST
    return said


def alpaca(raw: bytes, wire: Alpaca) -> object:
    """An answer to the question that the first byte chooses is what the port promises, or one of its faults.

    A submission that the broker has answered with success is accepted or looked up, never lost. Whatever is found
    can be written to the ledger.
    """
    method = METHODS[raw[0] % len(METHODS)] if raw else METHODS[0]
    found = wire.ask(method, raw[1:])
    if isinstance(found, BrokerFault):
        assert type(found) is not BrokerFault
        assert all(len(said.encode()) <= LONGEST for said in found.detail().values())
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, BaseModel):
            each.model_dump_json()
    if method == "submit" and (isinstance(found, BrokerOrder) or 200 <= (found.status or 200) < 300):
        assert isinstance(after_submit(found), Accept | LookUp)
    return found


def api(raw: bytes) -> int | None:
    """A request is answered in JSON, and never with a 5xx: that would be the API's own fault."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return None  # Lambda itself refuses what is not JSON.
    if not isinstance(event, dict):
        return None
    answered = answer(event, None, Counter().wiring, timedelta(seconds=29))
    assert answered["statusCode"] < 500, answered["body"]
    assert isinstance(json.loads(answered["body"]), dict)
    return answered["statusCode"]


def _file(name: str, content: bytes) -> Path:
    path = Path(_FOLDER.name) / name
    path.write_bytes(content)
    return path
