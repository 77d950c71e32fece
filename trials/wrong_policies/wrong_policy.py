"""What a mutant is: a wrong policy, and where it takes the right one's place."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

type Place = tuple[object, str]
"""A class or a module, and the name of what a mutant replaces there."""


@dataclass(frozen=True, slots=True)
class WrongPolicy:
    """One policy as people get it wrong.

    Args:
        wrong: What it does, in one line.
        failure: The row of the failures this pipeline was built against that it brings back, where there is one.
        policy: The wrong function.
        places: What it replaces.
    """

    name: str
    wrong: str
    failure: str
    policy: Callable[..., object]
    places: Sequence[Place]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the wrong policy work in this process, and put the right one back."""
        right = [(owner, name, getattr(owner, name)) for owner, name in self.places]
        try:
            for owner, name in self.places:
                setattr(owner, name, self.policy)
            yield
        finally:
            for owner, name, policy in right:
                setattr(owner, name, policy)


def instead_of(*places: Place, wrong: str, failure: str = "") -> Callable[[Callable[..., object]], WrongPolicy]:
    """Make a mutant of a wrong policy; it is named for its function."""

    def mutant(policy: Callable[..., object]) -> WrongPolicy:
        return WrongPolicy(policy.__name__, wrong, failure, policy, places)

    return mutant
