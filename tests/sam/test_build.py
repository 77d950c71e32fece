from pathlib import Path

import pytest

from argo.environment import load_configuration
from tests.sam.containers import LOGICAL_NAMES, ROOT, sam
from worlds.containers import SAMPLE_CONFIGURATION_IN_LAYER, traded_market
from worlds.paths import CONFIGURATION

pytestmark = pytest.mark.sam

BUILT = ROOT / ".aws-sam/build"
FUNCTIONS = {"GenerateFunction", "ApiFunction"} | {
    f"{kind}{name}Function" for name in LOGICAL_NAMES.values() for kind in ("Execute", "Reconcile")
}


def test_the_template_is_valid():
    assert "is a valid SAM Template" in sam("validate", "--lint", "--region", "us-east-1").stdout


@pytest.mark.usefixtures("built")
def test_every_function_and_the_layer_are_built():
    assert {each.name for each in BUILT.iterdir() if each.is_dir()} == FUNCTIONS | {"CommonLayer"}


@pytest.mark.usefixtures("built")
def test_the_layer_carries_the_configuration_of_the_sample_bars():
    _, configuration, in_layer = traded_market()
    in_build = BUILT / "CommonLayer" / Path(in_layer).relative_to("/opt")

    assert in_layer == SAMPLE_CONFIGURATION_IN_LAYER
    assert load_configuration(in_build) == configuration


def test_the_sample_configuration_watches_the_sample_bars_for_the_same_accounts():
    history, configuration, _ = traded_market()

    assert configuration.watchlist == history.symbols
    assert configuration.generation.timeframe == history.timeframe.name
    assert configuration.executors == load_configuration(CONFIGURATION).executors
