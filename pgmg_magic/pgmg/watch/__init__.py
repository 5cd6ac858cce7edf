"""Keeps a database like its project while files change: what `pgmg watch` and `%pgmg_watch` run."""

from pgmg.watch.watcher import Watcher

__all__ = ["Watcher"]
