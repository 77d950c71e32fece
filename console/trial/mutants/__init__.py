"""Wrong policies, each kept beside the right one: every one of them must be caught, or the trials prove little."""

from collections.abc import Mapping

from console.trial.mutants import executing, reconciling, recording
from console.trial.mutants.mutant import Mutant

MUTANTS: Mapping[str, Mutant] = {
    found.name: found
    for module in (executing, recording, reconciling)
    for found in vars(module).values()
    if isinstance(found, Mutant)
}
"""Every mutant by its name: a signal's way to its order first, then what is recorded, then the order's end."""

__all__ = ["MUTANTS", "Mutant"]
