"""Where the command finds the project's files."""

from pathlib import Path

import simulation

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"
CONFIGURATION = PROJECT / "argo.toml"
SAMPLE_BARS = Path(simulation.__file__).parent / "data" / "daily_bars_2000-2013.csv.gz"
LAST_RUN = Path(".argo") / "last-run"
RUN_UNDER_WAY = Path(".argo") / "run"
