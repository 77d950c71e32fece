"""The reconciler: the ledger brought into line with what the broker says."""
