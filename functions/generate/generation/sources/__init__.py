"""Sources of votes: one class each, with one method, ``vote(bars)``."""
