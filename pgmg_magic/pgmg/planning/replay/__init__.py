"""Replays pending migrations over the catalog: what exists, under which name, before each statement."""
