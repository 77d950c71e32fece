"""Where things are on this machine: the project's files, and what listens for them."""

from datetime import date
from pathlib import Path

import simulation

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"
CONFIGURATION = PROJECT / "argo.toml"
SAMPLE_BARS = Path(simulation.__file__).parent / "data" / "daily_bars_2000-2013.csv.gz"
SAMPLE_TO = date(2012, 8, 3)
"""The sample's last day in containers: it has a signal that both accounts trade, and one too weak for either."""

LAST_RUN = Path(".argo") / "last-run"
RUN_UNDER_WAY = Path(".argo") / "run"

LOOPBACK = "127.0.0.1"
DOCKER = "docker"
"""Stands for Docker's bridge, whatever its address."""
