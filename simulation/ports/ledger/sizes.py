"""How large an execution's item is, and DynamoDB's refusal of one that is too large."""

from argo.adapters.aws.items import decode, execution_item
from argo.domain.execution import Execution
from argo.domain.sizes import LARGEST_ITEM, size_of_item

_REVISION = 20
_BESIDE_ITS_FIELDS = 1_000
"""Bytes of an item's keys and of its entries in the indexes, at most."""


class ItemTooLarge(Exception):
    """DynamoDB's ValidationException: item size has exceeded the maximum allowed size. Nothing was written."""


def size_of_execution(execution: Execution) -> int:
    """Return how many bytes an execution's item takes up."""
    return size_of_item(decode(execution_item(execution))) + _REVISION


def size_at_most(execution: Execution) -> int:
    """Return no less than `size_of_execution`, in a tenth of its time: as JSON a record is longer."""
    return len(execution.model_dump_json().encode()) + _BESIDE_ITS_FIELDS


def check_size(execution: Execution) -> None:
    """Raise unless DynamoDB would keep the execution.

    Raises:
        ItemTooLarge: its item would be too large.
    """
    if size_at_most(execution) > LARGEST_ITEM and size_of_execution(execution) > LARGEST_ITEM:
        raise ItemTooLarge("ValidationException: Item size has exceeded the maximum allowed size")
