"""The ledger in memory, and the digest by which any two ledgers are compared."""

from simulation.ports.ledger.digest import digest
from simulation.ports.ledger.memory import InMemoryLedger

__all__ = ["InMemoryLedger", "digest"]
