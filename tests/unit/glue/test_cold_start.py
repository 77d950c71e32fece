import subprocess
import sys

STARTS = """
import gc
from argo import cold_start

during = gc.isenabled()
cold_start.is_over()
print(during, gc.isenabled(), gc.get_freeze_count() > 0)
"""


def test_the_collector_stands_still_during_a_cold_start_and_collects_again_after_it():
    # A process of its own: the collector is one for the whole process.
    answer = subprocess.run([sys.executable, "-c", STARTS], capture_output=True, text=True, check=True)  # noqa: S603

    assert answer.stdout.split() == ["False", "True", "True"]
