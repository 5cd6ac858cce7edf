"""Carries plans out: transactions, locks, learning from errors, state, events (rules 8 to 10)."""
