"""What the executor's own care costs in CPU, next to the SDK calls that nobody could leave out.

The bare calls go one after the other on one thread: no pool, no event loop, no waiting for a lock. That is the
cheapest way there is to make them, so threads and their switching count as the executor's own cost.
"""

import gc
import json
from collections.abc import Iterable, Mapping
from time import process_time
from typing import Any

import boto3
from alpaca.trading.requests import LimitOrderRequest

from argo.adapters.alpaca.sdk import TradingClient
from argo.domain.signal import Signal
from benchmarks.results import Result, alternating
from benchmarks.stand import Executor, Stand

ACCOUNT, BARE_ACCOUNT = "handler", "bare"
BOUND = 2.0
PAIRS = 9
_WARM_UP = 2
_MUST = {"PutItem": 1.0, "TransactWriteItems": 1.0, "UpdateItem": 1.0, "GetItem": 0.1}
"""Requests to DynamoDB that a signal needs; what the executor asks beyond them is not replayed."""
