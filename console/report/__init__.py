"""The report: one HTML page of what a ledger holds, readable without a network."""
