"""The five floors of the house, as pyproject.toml has them: an import upwards is refused on each of them."""

import tomllib
from pathlib import Path

import grimp
import pytest

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
UPWARDS = (
    ("argo.domain.signal", "execution.gate"),
    ("argo.closing", "simulation.ports.broker"),
    ("execution.flow", "reconciliation.run"),
    ("execution.flow", "simulation.ports.broker"),
    ("simulation.ports.broker", "execution.flow"),
    ("generation.cycle", "worlds.backends"),
    ("worlds.backends", "trials.trial"),
    ("worlds.play", "console.play"),
    ("trials.trial", "lab"),
    ("lab", "trials.trial"),
    ("trials.proof", "console.tables"),
    ("lab", "console.tables"),
    ("console.main", "benchmarks.results"),
)


@pytest.fixture(scope="module")
def contracts():
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]


@pytest.fixture(scope="module")
def floors(contracts):
    (found,) = (each["layers"] for each in contracts["contracts"] if each["name"].startswith("Five floors"))
    return [grimp.Layer(*floor.split(" | "), independent=True) for floor in found]


@pytest.fixture(scope="module")
def graph(contracts):
    return grimp.build_graph(*contracts["root_packages"])


def test_every_package_has_its_floor(contracts, floors):
    assert {room for floor in floors for room in floor.module_tails} == set(contracts["root_packages"])


def test_no_arrow_runs_upwards(graph, floors):
    assert graph.find_illegal_dependencies_for_layers(floors) == set()


@pytest.mark.parametrize(("importer", "imported"), UPWARDS)
def test_an_import_upwards_is_refused(graph, floors, importer, imported):
    assert {importer, imported} <= graph.modules
    graph.add_import(importer=importer, imported=imported)
    try:
        refused = graph.find_illegal_dependencies_for_layers(floors)
    finally:
        graph.remove_import(importer=importer, imported=imported)

    assert (importer.partition(".")[0], imported.partition(".")[0]) in {
        (found.importer, found.imported) for found in refused
    }
