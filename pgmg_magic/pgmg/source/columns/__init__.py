"""Reads the columns of queries, and replaces names in queries."""
