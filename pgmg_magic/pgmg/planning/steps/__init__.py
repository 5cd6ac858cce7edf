"""The steps of a plan: made slot by slot, ordered, numbered, and described."""
