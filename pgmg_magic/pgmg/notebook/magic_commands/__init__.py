"""The magics: their names, options, completion, and what each does."""
