"""Wrong policies, each beside the right ones: every one of them must be caught, or the trials prove little."""

from trials.wrong_policies.executing import EXECUTING
from trials.wrong_policies.listing import LISTING
from trials.wrong_policies.reconciling import RECONCILING
from trials.wrong_policies.recording import RECORDING

WRONG_POLICIES = EXECUTING | RECORDING | RECONCILING | LISTING
"""Every one by its name: a signal's way to its order, what is recorded, the order's end, then lists."""
