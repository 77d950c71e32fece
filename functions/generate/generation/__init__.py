"""The generator: closed bars in, signals out."""
