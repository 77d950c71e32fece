"""The ledger in memory, and the digest by which any two ledgers are compared."""

from simulation.ports.ledger.digest import digest
from simulation.ports.ledger.memory import InMemoryLedger
from simulation.ports.ledger.sizes import ItemTooLarge, size_of_execution

__all__ = ["InMemoryLedger", "ItemTooLarge", "digest", "size_of_execution"]
