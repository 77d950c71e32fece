"""Imported first by every handler: the garbage collector stands still while a function starts.

What is imported stays for the life of the process, so the collector finds nothing to free and takes a tenth of a
cold start to find it (`make bench`, cold).

urllib3's address patterns are compiled here, near the bottom of the stack: where the imports of the adapters would
do it, CPython 3.13 allocates and frees a piece of its frame stack at nearly every call, and 5 ms become 38.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

gc.disable()

import urllib3.util.url  # noqa: E402, F401 - see above


@contextmanager
def ending() -> Iterator[None]:
    """Do the last step of the start within this; then collect again, whether or not it could be done.

    What has been made until then is left out of all collections.
    """
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
