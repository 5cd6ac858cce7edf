"""Migrations outside a transaction, poolers, and what one commit owes to the next (rule 9.2)."""
