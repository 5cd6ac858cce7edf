"""Servers and databases of our own: the embedded server, scratch databases, dumps of a schema."""
