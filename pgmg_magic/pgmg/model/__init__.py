"""Frozen data that every layer shares: names, sources, snapshots, plans, events. No behaviour beyond spelling."""
