"""Imported first by every handler: the garbage collector stands still while a function starts.

What is imported stays for the life of the process, so the collector finds nothing to free and takes a tenth of a
cold start to find it (`make bench`, cold).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

gc.disable()


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
