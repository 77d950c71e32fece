"""Where servers of this machine listen, unless told otherwise."""

LOOPBACK = "127.0.0.1"

DOCKER = "docker"
"""Stands for Docker's bridge, whatever its address."""
