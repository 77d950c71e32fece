"""Imported first by every handler: the garbage collector stands still while a function starts.

What is imported stays for the life of the process, so the collector finds nothing to free and takes a tenth of a
cold start to find it (`make bench`, cold).
"""

import gc

gc.disable()


def is_over() -> None:
    """Leave what has been made so far out of all collections, and collect again."""
    gc.freeze()
    gc.enable()
