"""Alpaca behind Argo's ports, by alpaca-py."""

import warnings

with warnings.catch_warnings():
    # Alpaca answers in UTF-8: the layer leaves out what guesses encodings, which requests would warn of.
    warnings.simplefilter("ignore")
    import requests  # noqa: F401 - here first
