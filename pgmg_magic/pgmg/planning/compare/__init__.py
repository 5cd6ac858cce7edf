"""Compares declared, recorded and live objects."""
