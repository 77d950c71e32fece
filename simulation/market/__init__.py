"""A market that is not real: bars, sessions, and whatever happens to prices."""
