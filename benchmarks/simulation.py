"""What a simulated event costs: a trial's, with all that it does, beside one that does nothing.

An event is a callback of the loop. In a trial about every fourth of them is an effect of a worker, with the code
that led there: a claim, an order, a look at the account.
"""

import asyncio
from statistics import median
from time import process_time

from benchmarks.results import Result
from trials.trial import run_trial
from trials.virtual_time import VirtualLoop
from trials.world import Plan

SEEDS = range(10)
TIMES = 3
_SLEEPERS, _NAPS = 10, 2_000


def run() -> list[Result]:
    """Run trials and loops with nothing to do in turn, so that all meet the same machine."""
    run_trial(Plan(0, 20))
    rounds = [(_trials(), _idle(), _asyncios()) for _ in range(TIMES)]
    trials, idle, real = zip(*rounds, strict=True)
    seconds, events, signals = sorted(trials)[TIMES // 2]
    of_idle, of_real = median(idle), median(real)
    return [
        Result(
            "simulation, a trial",
            seconds / events / of_idle,
            f"CPU time per event: a trial's ({events / seconds:,.0f} events/s, {signals / seconds:,.0f} signals/s "
            f"at two accounts) / a task that wakes and sleeps on virtual time ({1 / of_idle:,.0f} events/s)",
        ),
        Result(
            "simulation, the loop",
            of_idle / of_real,
            f"CPU time per event: virtual time / asyncio's own loop ({1 / of_real:,.0f} events/s)",
        ),
    ]


def _trials() -> tuple[float, int, int]:
    """Return the seconds of CPU time that trials cost, their events and their signals."""
    began = process_time()
    verdicts = [run_trial(Plan(seed)) for seed in SEEDS]
    seconds = process_time() - began
    return seconds, sum(each.events for each in verdicts), sum(each.signals for each in verdicts)


def _idle() -> float:
    """Return the seconds of CPU time that an event on virtual time costs."""
    loop = VirtualLoop()  # type: ignore[abstract]  # it has no sockets, threads, signals
    began = process_time()
    loop.run(_sleep(0.01))
    return (process_time() - began) / loop.events


def _asyncios() -> float:
    """Return the same of asyncio's own loop, where nobody has to wait: each nap is one turn of it."""
    began = process_time()
    asyncio.run(_sleep(0))
    return (process_time() - began) / (_SLEEPERS * _NAPS)


async def _sleep(seconds: float) -> None:
    async def nap() -> None:
        for _ in range(_NAPS):
            await asyncio.sleep(seconds)

    await asyncio.gather(*(nap() for _ in range(_SLEEPERS)))
