"""Follows dependencies of objects, columns and rows."""
