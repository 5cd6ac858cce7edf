"""Reads what a database holds, by the queries of `catalog/queries/`."""
