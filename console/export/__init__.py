"""`argo export`: the ledger's signals and trades as files for a spreadsheet or a data frame."""

from enum import StrEnum


class What(StrEnum):
    """What an export is of, a file each."""

    SIGNALS = "signals"
    TRADES = "trades"


class Format(StrEnum):
    """What a file is written as; also its suffix."""

    CSV = "csv"
    PARQUET = "parquet"
