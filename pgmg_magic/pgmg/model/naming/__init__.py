"""Names: of objects, types and roles; how SQL spells them; where they stand in a file."""
