"""Judging strategies: measures, costs, calibration, search."""
