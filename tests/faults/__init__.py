"""`python -m tests.faults` breaks an apply at every message boundary: connections cut, process killed, session ended."""
