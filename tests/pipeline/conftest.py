import pytest

from tests.pipeline.losses import HELD
from tests.pipeline.market_day import Day
from tests.unit.builders import a_signal
from worlds.paths import CONFIGURATION


@pytest.fixture
def day(pipeline):
    return Day(pipeline)


@pytest.fixture
def invested(pipeline):
    """An account with two positions, observed at its start, and nothing decided yet."""
    pipeline.reconcile()
    for symbol in HELD:
        pipeline.hold(a_signal(symbol=symbol))
    return pipeline


@pytest.fixture
def changed_configuration(tmp_path):
    def change(replaced, by):
        text = CONFIGURATION.read_text(encoding="utf-8")
        assert replaced in text
        path = tmp_path / "argo.toml"
        path.write_text(text.replace(replaced, by, 1), encoding="utf-8")
        return str(path)

    return change
