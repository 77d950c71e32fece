"""The executor: one account's way from a queue's message to an order at the broker."""
