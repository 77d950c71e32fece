"""Ports behind a function of a test's own, by the names they have in `argo.ports.Ports`."""

from argo.ports.interposed import InterposedBroker, InterposedLedger, InterposedQueue

INTERPOSED = {"ledger": InterposedLedger, "broker": InterposedBroker, "queue": InterposedQueue}
