"""How long ten signals take, measured in ones: a batch's broker calls overlap."""

from time import perf_counter

from benchmarks.results import Result, alternating
from benchmarks.stand import TEN, Stand

ACCOUNT = "batch"
BOUND = 1.5
BROKER_SECONDS = 0.2
PAIRS = 9


def run(stand: Stand) -> list[Result]:
    """Divide the wall time of a batch of ten by that of a batch of one, at a broker that answers late."""
    executor = stand.executor(ACCOUNT)

    def seconds(size: int) -> float:
        signals = executor.batch(size)
        started = perf_counter()
        executor.execute(signals)
        return perf_counter() - started

    stand.market.answer_late(BROKER_SECONDS)
    try:
        ratio = alternating(lambda: seconds(TEN), lambda: seconds(1), pairs=PAIRS)
    finally:
        stand.market.answer_late(0)
    what = f"wall time, batch of ten / batch of one, broker {BROKER_SECONDS * 1_000:.0f} ms late"
    return [Result("batch", ratio.median, what, BOUND, samples=ratio.samples)]
