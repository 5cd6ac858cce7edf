"""Decides what must change and in which order: pure functions from sources and a snapshot to a plan."""
