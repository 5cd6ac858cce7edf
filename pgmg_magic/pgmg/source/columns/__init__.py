"""Follows the columns of queries with sqlglot, and replaces names in queries."""
