"""Finds the names that statements and routine bodies use."""
