"""Reads and writes pgmg's own tables (rule 10)."""
