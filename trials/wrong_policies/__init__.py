"""Wrong policies, each beside the right ones: every one of them must be caught, or the trials prove little."""

from trials.wrong_policies.executing import EXECUTING
from trials.wrong_policies.listing import LISTING
from trials.wrong_policies.reconciling import RECONCILING
from trials.wrong_policies.recording import RECORDING
from trials.wrong_policies.waiting import WAITING

WRONG_POLICIES = EXECUTING | RECORDING | RECONCILING | LISTING | WAITING
"""Every one by its name: a signal's way to its order, what is recorded, the order's end, lists, waits."""
