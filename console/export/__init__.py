"""`argo export`: the ledger's signals and trades as files for a spreadsheet or a data frame."""
