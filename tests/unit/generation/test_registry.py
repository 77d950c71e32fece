from decimal import Decimal

import pytest

from argo.domain.config import Source
from argo.domain.signal import Side
from argo.domain.tables import ConfigurationError
from argo.ports import GivenPorts
from generation.sources.base import Opinion
from generation.sources.registry import BUILT_IN, sources
from generation.wiring import wire
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import OPENING, series_of
from tests.unit.generation.generator import a_configuration
from tests.unit.generation.in_memory import Exchange, Feed, Journal, Queue, SignalStore

HERE = "tests.unit.generation.test_registry"


class Contrarian:
    """A plug-in as somebody would write it."""

    def vote(self, bars):
        return Opinion(Side.SELL if bars.price > 100 else Side.BUY, 70.0)


class Mute:
    """A class that is no source."""


class Demanding:
    def __init__(self, api_key):
        self.api_key = api_key


def configured(**tables):
    return a_configuration(sources={name: Source(**table) for name, table in tables.items()})


def test_the_built_in_sources_are_made_in_the_order_of_the_tables():
    made = sources(configured(breakout={"weight": 2}, trend={}))

    assert [(entry.name, entry.weight, entry.vote) for entry in made] == [
        ("breakout", Decimal(2), BUILT_IN["breakout"]),
        ("trend", Decimal(1), BUILT_IN["trend"]),
    ]


def test_a_disabled_source_is_left_out():
    made = sources(configured(trend={"enabled": False}, momentum={}))

    assert [entry.name for entry in made] == ["momentum"]


def test_a_plugin_is_made_from_its_dotted_path():
    (entry,) = sources(configured(mine={"plugin": f"{HERE}.Contrarian", "weight": "0.5"}))

    opinion = entry.vote(series_of([120.0]))

    assert (entry.name, entry.weight) == ("mine", Decimal("0.5"))
    assert opinion == Opinion(Side.SELL, 70.0)


def test_a_plugin_may_replace_a_built_in_source():
    (entry,) = sources(configured(trend={"plugin": f"{HERE}.Contrarian"}))

    assert entry.vote is not BUILT_IN["trend"]


def test_an_unknown_source_is_refused_with_its_table_and_the_known_ones():
    with pytest.raises(ConfigurationError) as refused:
        sources(configured(trend={}, astrology={}))

    assert str(refused.value).startswith("[sources.astrology]: ")
    assert all(name in str(refused.value) for name in BUILT_IN)


@pytest.mark.parametrize(
    "plugin",
    [
        "no.such.module.Source",
        f"{HERE}.Missing",
        "Contrarian",
        "",
        f"{HERE}.",
        ".Contrarian",
        f"{HERE}.HERE",
        f"{HERE}.Demanding",
        f"{HERE}.Mute",
    ],
)
def test_a_plugin_that_cannot_be_made_is_refused_with_its_table(plugin):
    with pytest.raises(ConfigurationError) as refused:
        sources(configured(mine={"plugin": plugin}))

    assert str(refused.value).startswith(f"[sources.mine] plugin = {plugin!r}: ")


def wired(queues, configuration):
    return wire(
        GivenPorts(
            ledger=SignalStore(),
            broker=Exchange(lambda: OPENING),
            market_data=Feed({}),
            queue=None,
            queues=queues,
            clock=SteppedClock(OPENING),
            telemetry=Journal().telemetry,
        ),
        configuration,
    )


def test_a01_an_account_without_a_queue_is_refused_at_the_start():
    with pytest.raises(ConfigurationError, match="no queue for the account prop_firm"):
        wired({"argo": Queue()}, a_configuration())


def test_signals_are_published_to_the_enabled_accounts_only():
    configuration = a_configuration()
    resting = configuration.accounts["prop_firm"].model_copy(update={"enabled": False})
    configuration = configuration.model_copy(update={"accounts": {**configuration.accounts, "prop_firm": resting}})

    wiring = wired({"argo": Queue(), "prop_firm": Queue()}, configuration)

    assert list(wiring.publisher.queues) == ["argo"]
