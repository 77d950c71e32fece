"""What an account's name becomes where underscores cannot stand: one way only, and no two accounts alike."""

from collections.abc import Iterable


def logical_name(executor: str) -> str:
    """Return how the logical ids of an account's resources begin: ``prop_firm`` is ``PropFirm``.

    It does not lead back, for ``acct_2`` and ``acct2`` are both ``Acct2``: who has a logical id asks the template
    or the stack whose it is.
    """
    return "".join(part.capitalize() for part in executor.split("_"))


def namesakes(executors: Iterable[str]) -> list[str] | None:
    """Return the first accounts whose resources would have the same names, or None where there are none."""
    by_name: dict[str, list[str]] = {}
    for executor in executors:
        by_name.setdefault(logical_name(executor), []).append(executor)
    return next((alike for alike in by_name.values() if len(alike) > 1), None)
