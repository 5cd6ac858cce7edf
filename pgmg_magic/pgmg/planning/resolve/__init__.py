"""Finds the object that a name in the sources means."""
