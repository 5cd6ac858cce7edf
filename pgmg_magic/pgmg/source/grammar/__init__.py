"""Parses SQL: tokens, statements, trees, positions. The only home of postgast."""
