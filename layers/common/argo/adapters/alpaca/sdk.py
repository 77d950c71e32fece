"""alpaca-py without pandas, without its retries and with timeouts.

Three of the SDK's habits cost money or time (measured on 0.44.0, see docs/decisions.md): it imports pandas
and numpy for data frames that Argo never makes, it sends an order again on 429 and 504, and it waits for an
answer for ever.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_UNUSED = {"pandas": ("DataFrame", "Timestamp"), "numpy": (), "alpaca.trading.stream": ("TradingStream",)}


@contextmanager
def _placeholders() -> Iterator[None]:
    """Stand in for modules that alpaca-py imports and Argo never uses, while it is imported.

    They are taken out again afterwards, so that the generator can import the real numpy.
    """
    absent = {name: names for name, names in _UNUSED.items() if name not in sys.modules}
    for name, names in absent.items():
        module = ModuleType(name)
        for needed in names:
            setattr(module, needed, type(needed, (), {}))
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _placeholders():
    from alpaca.common.exceptions import APIError
    from alpaca.common.rest import RESTClient
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.trading.client import TradingClient

__all__ = ["APIError", "RESTClient", "StockHistoricalDataClient", "TradingClient"]
