"""Learns from errors of the server and from what a step did, for the next attempt (rule 8)."""
