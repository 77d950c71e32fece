"""Alpaca behind Argo's ports, by alpaca-py."""
