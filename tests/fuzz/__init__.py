"""Broken and hostile inputs of every kind: `python -m tests.fuzz --inputs 10000`. Each ends in a result or an error."""
