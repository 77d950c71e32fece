"""Options that several commands share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

StateOption = Annotated[Path, typer.Option("--state", help="The directory of a local run.")]
StackOption = Annotated[
    str | None,
    typer.Option("--stack", help="A deployed stack instead of a local run.", envvar="ARGO_STACK"),
]
TableOption = Annotated[
    str | None,
    typer.Option("--table", help="With --stack, another table than its own: what a restore has made of it."),
]
ServedOption = Annotated[
    Path | None,
    typer.Option("--served", help="Instead of --state, what a running `argo serve` serves: .argo/sam-env.json."),
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TablesAsJsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
EverythingAsJsonOption = Annotated[
    bool, typer.Option("--json", help="Print everything as JSON instead of tables.")
]
FromDayOption = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")]
ToDayOption = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day.")]
BarsOption = Annotated[
    Path | None,
    typer.Option("--bars", help="OHLCV file, .csv or .csv.gz; default: the sample's daily bars."),
]
RowsOption = Annotated[int, typer.Option("--rows", min=0, help="Signals to show.")]
AccountArgument = Annotated[str, typer.Argument(help="The account's name in argo.toml.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever looks at it later.")]
