"""A bound on how long somebody else's code may run."""

import signal
import threading
from contextlib import suppress

import pytest

from generation.polling import Overrun, time_limit


def spin():
    """Run until stopped, through every ordinary exception."""
    while True:
        with suppress(Exception):
            sum(range(1000))


def test_what_ends_in_time_is_left_alone():
    with time_limit(5):
        found = sum(range(1000))

    assert found == 499_500
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_that_rings_late_interrupts_nobody():
    with time_limit(5):
        pass

    ring = signal.getsignal(signal.SIGALRM)

    assert callable(ring)
    assert ring(signal.SIGALRM, None) is None


def test_what_runs_on_is_interrupted():
    with pytest.raises(Overrun), time_limit(0.01):
        spin()

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_waits_is_interrupted_too():
    waiting = threading.Event()

    with pytest.raises(Overrun), time_limit(0.01):
        waiting.wait(30)


def test_an_exception_passes_through_and_leaves_no_timer_behind():
    with pytest.raises(ZeroDivisionError), time_limit(5):
        raise ZeroDivisionError

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_blocks_follow_each_other():
    for _ in range(3):
        with pytest.raises(Overrun), time_limit(0.01):
            spin()


def test_off_the_main_thread_a_block_is_measured():
    outcomes = []

    def work():
        for seconds, numbers in ((30.0, 10), (0.0, 100_000)):
            try:
                with time_limit(seconds):
                    sum(range(numbers))
            except Overrun:
                outcomes.append("overrun")
            else:
                outcomes.append("in time")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(30)

    assert outcomes == ["in time", "overrun"]
