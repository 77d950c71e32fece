"""Locks that pass by themselves, each a small class: lock until, and why."""
