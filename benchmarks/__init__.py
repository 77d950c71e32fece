"""Benchmarks: ratios measured within one run, each with the bound it must keep. Run `python -m benchmarks`."""
