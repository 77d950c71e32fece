"""The functions assembled: one module a world."""
