"""The documentation site: a folder with pages that need neither network nor server."""
