"""Wrong policies, each kept beside the right one: every one of them must be caught, or the trials prove little."""

from collections.abc import Mapping

from trials.wrong_policies import executing, reconciling, recording
from trials.wrong_policies.wrong_policy import WrongPolicy

WRONG_POLICIES: Mapping[str, WrongPolicy] = {
    found.name: found
    for module in (executing, recording, reconciling)
    for found in vars(module).values()
    if isinstance(found, WrongPolicy)
}
"""Every mutant by its name: a signal's way to its order first, then what is recorded, then the order's end."""

__all__ = ["WRONG_POLICIES", "WrongPolicy"]
