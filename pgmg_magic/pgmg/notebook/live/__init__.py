"""Outputs that change while something runs: buttons, progress, the panel of a watcher."""
