"""Argo's common layer: the domain, the ports and their adapters."""
