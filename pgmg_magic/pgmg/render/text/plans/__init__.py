"""Plans, and what is said of them, as lines of text."""
