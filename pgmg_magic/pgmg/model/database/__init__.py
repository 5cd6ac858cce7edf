"""The contents of a database: snapshots, details, pgmg's own tables, what the server has taught."""
