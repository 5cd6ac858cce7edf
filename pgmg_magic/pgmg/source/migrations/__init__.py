"""Reads migrations: statements, their effects on objects, and the objects they use."""
