"""Wrong policies, each beside the right ones: every one of them must be caught, or the trials prove little."""

from collections.abc import Mapping

from trials.wrong_policies.executing import EXECUTING
from trials.wrong_policies.reconciling import RECONCILING
from trials.wrong_policies.recording import RECORDING
from trials.wrong_policies.wrong_policy import RIGHT, Policies, WrongPolicy

WRONG_POLICIES: Mapping[str, WrongPolicy] = {found.name: found for found in (*EXECUTING, *RECORDING, *RECONCILING)}
"""Every one by its name: a signal's way to its order first, then what is recorded, then the order's end."""

__all__ = ["RIGHT", "WRONG_POLICIES", "Policies", "WrongPolicy"]
