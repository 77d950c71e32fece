import json

from hypothesis import given

from console.summary import row_as_dict
from tests.unit.console.records import rows


@given(rows)
def test_a_row_is_plain_json_with_whole_ids(row):
    shown = json.loads(json.dumps(row_as_dict(row)))

    assert shown["signal_id"] == row.signal_id
    assert {name: each["order_id"] for name, each in shown["executions"].items()} == {
        name: execution.order_id for name, execution in row.executions.items()
    }
