"""What a function has written for CloudWatch: the record that its telemetry prints when it is flushed."""

import json

from argo.ports import Telemetry


def measured(telemetry: Telemetry, capsys) -> dict[str, list[float]]:
    """Flush a telemetry; returns every metric of the record by its name, with its values."""
    capsys.readouterr()
    telemetry.flush()
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (written,) = record["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: record[metric["Name"]] for metric in written["Metrics"]}
