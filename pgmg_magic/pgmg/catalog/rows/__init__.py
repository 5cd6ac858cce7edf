"""Asks for rows: of a user's query, of an assertion, and of views before and after a change."""
