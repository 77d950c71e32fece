"""`argo.ports` in memory, over the simulated broker's engine."""
