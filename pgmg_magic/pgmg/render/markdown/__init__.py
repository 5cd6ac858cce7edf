"""Reports in Markdown, for comments on code hosts."""
