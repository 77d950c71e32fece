"""The referee of a simulated run: what must hold whatever fails, and who sees that it does."""
