"""Says what failed and where: file, line and column, and what became of the database (rule 8.2)."""
