"""`argo watch`: accounts, today's funnel, what is unresolved and the newest signals, in a terminal."""
