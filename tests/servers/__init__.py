"""`python -m tests.servers 14 15 16 17 18 -- ARGUMENTS` runs pytest on throw-away servers of these major versions."""
