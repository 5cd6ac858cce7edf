"""Writes and edits the files of an import."""
