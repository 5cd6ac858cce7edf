"""Demands of pending statements on objects that they do not name, from the dependencies in the catalog."""
