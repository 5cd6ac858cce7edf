"""The server's side: snapshots of its catalogs, pgmg's own tables, and the embedded server."""
