"""The `argo` command."""
