"""Commands that go on until Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Let Ctrl-C, or a request to terminate, end the block and nothing else.

    A shell's background job ignores the first unless told.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        yield
